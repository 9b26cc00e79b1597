// A plain table: words, numbers, and a chip where a cell has a state. Everything is a text node.
export default function ({ data, parentElement }) {
  const root = dressed(parentElement);
  const kept = memory(parentElement, () => ({ drawn: "" }));
  const drawn = JSON.stringify(data);
  if (drawn === kept.drawn) return;
  kept.drawn = drawn;
  const kind = (place) => (data.numbers.includes(place) ? "number" : data.short.includes(place) ? "short" : null);
  const cell = (one, place) => el("td", { class: kind(place) },
    one.chip ? chip(one.chip) : el("bdi", {}, one.words), one.sub ? el("span", { class: "sub" }, one.sub) : null);
  root.replaceChildren(el("div", { class: "scroll" }, el("table", {},
    el("caption", { class: "spoken" }, data.caption),
    el("thead", {}, el("tr", {}, data.heads.map((head, place) => el("th", { scope: "col", class: kind(place) }, head)))),
    el("tbody", {}, data.rows.map((row) => el("tr", {}, row.map(cell)))))));
}
