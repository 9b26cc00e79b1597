
// Cards that are also filters: press one to filter, press it again to clear.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = dressed(parentElement);
  const kept = memory(parentElement, () => ({ drawn: "" }));
  const drawn = JSON.stringify(data);
  if (drawn === kept.drawn) return;
  kept.drawn = drawn;
  const focused = parentElement.activeElement && parentElement.activeElement.dataset.id;

  const sources = el("ul", { class: "sources", "aria-label": "How fresh the data are" },
    data.sources.map((source) => el("li", { class: source.tone ? `old ${source.tone}` : null, title: source.why },
      icon(source.icon), el("bdi", {}, source.words))));
  const cards = el("div", { class: data.small ? "cards small" : "cards", role: "group", "aria-label": data.label },
    data.cards.map((card) => el("button", {
      type: "button", "data-id": card.id, "data-tone": card.tone, "aria-pressed": String(card.pressed), title: card.why,
      on: { click: (event) => { if (event.detail < 2) setTriggerValue("press", card.id); } },  // a double click is one press
    }, el("span", { class: "label" }, card.icon && !data.small ? icon(card.icon) : null, card.label),
      card.value ? el("span", { class: "value" }, card.value) : null,
      card.sub ? el("span", { class: "sub soft" }, card.sub) : null)));

  root.replaceChildren(...(data.sources.length ? [sources] : []), cards);
  if (focused) [...cards.children].find((card) => card.dataset.id === focused)?.focus();
}
