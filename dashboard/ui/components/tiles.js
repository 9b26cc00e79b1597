// One card a connection (or a system that can be connected): what it is, how it stands, and what one can press.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = dressed(parentElement);
  const kept = memory(parentElement, () => ({ drawn: "" }));
  const drawn = JSON.stringify(data);
  if (drawn === kept.drawn) return;
  kept.drawn = drawn;
  const at = parentElement.activeElement || document.activeElement;
  const focused = at && at.dataset ? at.dataset.act : "";

  const going = (bar) => {
    const fill = el("i", { class: bar.share === null ? "unknown" : null });
    if (bar.share !== null) fill.style.width = `${Math.max(3, 100 * bar.share)}%`;
    return el("div", { class: "going", role: "progressbar", "aria-label": bar.words,
      "aria-valuenow": bar.share === null ? null : Math.round(100 * bar.share) }, fill);
  };
  const button = (tile, one) => el("button", {
    type: "button", class: one.first ? "first" : null, "data-act": `${one.act} ${tile.id}`, disabled: one.off || null,
    "aria-label": `${one.label}: ${tile.name}`, on: { click: (event) => { if (event.detail < 2) setTriggerValue("press", { act: one.act, id: tile.id }); } },
  }, icon(one.icon), one.label);
  const tile = (one) => el("section", { class: "tile", "data-tone": one.tone || null, "aria-label": one.name },
    el("div", { class: "head" }, icon(one.icon),
      el("h3", {}, el("bdi", {}, one.name), one.kind ? el("div", { class: "kind" }, one.kind) : null),
      one.chip ? chip(one.chip) : null),
    one.lines.map((line) => el("p", { class: line.tone || null }, line.icon ? icon(line.icon) : null, el("span", {}, line.words))),
    one.going ? going(one.going) : null,
    one.buttons.length ? el("div", { class: "buttons" }, one.buttons.map((each) => button(one, each))) : null);
  root.replaceChildren(el("div", { class: "tiles", role: "group", "aria-label": data.label }, data.tiles.map(tile)));
  if (focused) [...root.querySelectorAll("[data-act]")].find((one) => one.dataset.act === focused)?.focus();
}
