
// Both sides of a conversation, the latest at the end and in sight. Text nodes only: a patient may write anything.
export default function ({ data, parentElement }) {
  const root = dressed(parentElement);
  const kept = memory(parentElement, () => ({ drawn: "" }));
  const drawn = JSON.stringify(data);
  if (drawn === kept.drawn) return;
  kept.drawn = drawn;
  const list = el("ol", { class: "talk", "aria-label": "Texts", tabindex: "0" }, data.lines.map((line) =>
    el("li", { class: line.ours ? "ours" : null }, el("span", { class: "spoken" }, line.ours ? "We wrote: " : "They wrote: "), el("bdi", {}, line.words), el("small", {}, line.sub))));
  root.replaceChildren(list);
  list.scrollTop = list.scrollHeight;
}
