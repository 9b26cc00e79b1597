
// One table for the day and for all patients. Rows are kept by id, so a refresh changes only what changed:
// focus, scroll and open folds stay, and a row whose content is new is marked for a minute.
const MARKED_FOR = 60000;

const CELLS = {
  time: (value) => (value.words ? [value.words, el("div", { class: "soft small" }, value.sub)] : [value]),
  tick: (value, row, act) => [el("input", { type: "checkbox", tabindex: "-1", "data-tick": row.id, "aria-label": value.words, checked: value.on,
    on: { click: (event) => event.stopPropagation(), change: (event) => act.tick([row.id], event.target.checked) } })],
  who: (value, row, act) => [
    el("button", { type: "button", tabindex: "-1", "data-row": row.id, on: { click: (event) => { event.stopPropagation(); act.open(row); } } },
      el("bdi", {}, value.name)),
    value.sub ? el("div", { class: "soft small" }, el("bdi", {}, value.sub)) : null],
  chips: (value) => [el("div", {}, value.map(chip))],
  say: (value) => [value.words ? el("bdi", { class: value.calm ? "soft" : null }, value.words) : null,
    value.more && value.more.length ? el("details", { on: { click: (event) => event.stopPropagation() } }, el("summary", {}, `${value.more.length} more`),
      el("ul", { class: "more" }, value.more.map((one) => el("li", {}, el("bdi", {}, one))))) : null],
  money: (value) => [value || el("span", { class: "soft" }, "–")],
  next: (value) => [value],
  text: (value) => [el("bdi", {}, value.words), value.sub ? el("div", { class: "soft small" }, el("bdi", {}, value.sub)) : null],
  aging: (value) => (value ? [agingBar(value)] : [el("span", { class: "soft" }, "–")]),
  steps: (value) => [el("ol", { class: "steps" }, value.map((step) => el("li", { class: step.bad ? "bad" : step.at ? "reached" : "soft" },
    icon(step.bad ? "cancel" : step.at ? "check_circle" : "radio_button_unchecked"), el("span", {}, step.words, step.at ? el("small", {}, step.at) : null))))],
  barcell: (value) => (value ? [useBar(value)] : [el("span", { class: "soft" }, "–")]),
};

function drawRow(tr, row, columns, act) {
  tr.className = row.quiet ? "visit quiet" : "visit";
  tr.dataset.severity = row.severity || "";
  tr.onclick = () => { if (!String(getSelection())) act.open(row); };
  tr.replaceChildren(...columns.map((column) =>
    el("td", { class: column.kind }, CELLS[column.kind](row.cells[column.key], row, act))));
}

function mark(tr, kept, id) {
  clearTimeout(kept.marks.get(id));
  tr.classList.add("changed", "moves");
  tr.querySelector("td:not(.tick)").append(el("div", { class: "mark-new" }, "changed"));
  kept.marks.set(id, setTimeout(() => {
    tr.classList.remove("changed");
    tr.querySelector(".mark-new")?.remove();
  }, MARKED_FOR));
}

// Put `wanted` into `body` in order, moving only what is out of place.
function arrange(body, wanted) {
  for (const child of [...body.children]) if (!wanted.includes(child)) child.remove();
  wanted.forEach((child, place) => { if (body.children[place] !== child) body.insertBefore(child, body.children[place] || null); });
}

// Arrows, Home and End go from name to name, or from tick to tick; x ticks the row, Escape takes every tick away.
function walk(event, root, act) {
  const names = [...root.querySelectorAll(".who button")];
  const ticks = [...root.querySelectorAll("td.tick input")];
  const among = ticks.includes(event.target) ? ticks : names;
  const at = among.indexOf(event.target);
  if (at < 0) return;
  const key = event.ctrlKey || event.metaKey || event.altKey ? "" : event.key;
  if (key === "x" && ticks[at]) ticks[at].click();
  if (key === "Escape" && ticks.some((tick) => tick.checked)) act.untick();
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: among.length - 1 }[key];
  if (to === undefined || !among[to]) return;
  event.preventDefault();
  reach(names, names[to], ticks);
  among[to].focus();
}

function reach(names, chosen, ticks = []) {
  names.forEach((name, at) => {
    name.tabIndex = name === chosen ? 0 : -1;
    if (ticks[at]) ticks[at].tabIndex = name.tabIndex;
  });
}

// The tick above all ticks: on when every row is ticked, half when some are.
function headTick(column, act) {
  return el("input", { type: "checkbox", "aria-label": column.label, on: { change: (event) => act.tick(act.ids(), event.target.checked) } });
}

function frame(root, data) {
  root.replaceChildren(
    el("div", { class: "top" }, el("span", { class: "caption" }),
      el("span", { class: "legend", role: "group", "aria-label": "Legend" })),
    el("div", { class: "scroll", tabindex: "-1" },
      el("table", {}, el("caption", { class: "spoken" }), el("thead"), el("tbody", { class: "loud" }),
        el("tbody", { class: "folding" }, el("tr", {}, el("td", { style: "padding:0" }, el("button", { type: "button", class: "fold" })))),
        el("tbody", { class: "quiet" }))),
    el("div", { class: "empty" }));
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = dressed(parentElement);
  const kept = memory(parentElement, () => ({ rows: new Map(), marks: new Map(), view: null, head: "" }));
  const act = {
    open: (row) => setTriggerValue("open", { key: row.key, id: row.id, at: Date.now() }),
    tick: (ids, on) => setTriggerValue("tick", { ids, on, at: Date.now() }),
    untick: () => setTriggerValue("tick", { ids: act.ids(), on: false, at: Date.now() }),
    ids: () => [...kept.rows.keys()],
  };
  const focused = parentElement.activeElement?.dataset.row;
  const ticking = parentElement.activeElement?.dataset.tick;
  if (!root.querySelector("table")) frame(root, data);
  const part = (selector) => root.querySelector(selector);

  const head = JSON.stringify(data.columns);
  if (head !== kept.head) {
    part("thead").replaceChildren(el("tr", {}, data.columns.map((column) => el("th", { scope: "col", class: column.kind, title: column.why || null }, column.kind === "tick" ? headTick(column, act) : column.label))));
    root.classList.toggle("untimed", data.columns[0].kind !== "time");
    root.classList.toggle("ticked", data.columns[0].kind === "tick");
    part(".folding td").colSpan = data.columns.length;
  }
  part(".legend").hidden = data.legend.length === 0;
  part(".legend").replaceChildren(...data.legend.map((one) => el("span", { class: one.severity }, el("i", {}), one.words)));
  part("caption").textContent = data.caption;
  part(".caption").textContent = data.words;

  const bodies = { loud: [], quiet: [] };
  const seen = new Map();
  for (const row of data.rows) {
    const before = kept.rows.get(row.id);
    const json = JSON.stringify(row);
    const tr = before ? before.tr : el("tr", {});
    if (!before || before.json !== json || head !== kept.head) {
      drawRow(tr, row, data.columns, act);
      // where the row says what counts as news, a tick is none
      if (data.view === kept.view && head === kept.head && (row.news === undefined || before?.news !== row.news)) mark(tr, kept, row.id);
    }
    seen.set(row.id, { tr, json, news: row.news });
    bodies[row.quiet && data.fold ? "quiet" : "loud"].push(tr);
  }
  Object.assign(kept, { rows: seen, view: data.view, head });
  arrange(part("tbody.loud"), bodies.loud);
  arrange(part("tbody.quiet"), bodies.quiet);

  const fold = part("button.fold");
  part(".folding").hidden = bodies.quiet.length === 0;
  part("tbody.quiet").hidden = !data.quiet_open;
  fold.setAttribute("aria-expanded", String(Boolean(data.quiet_open)));
  fold.replaceChildren(data.fold || "", icon(data.quiet_open ? "expand_less" : "expand_more"));
  fold.onclick = () => setTriggerValue("fold", !data.quiet_open);

  part(".scroll").hidden = data.rows.length === 0;
  part(".empty").hidden = data.rows.length > 0;
  part(".empty").replaceChildren(el("h3", {}, data.empty.title), el("p", {}, data.empty.hint));

  const names = [...root.querySelectorAll(".who button")];
  const ticks = [...root.querySelectorAll("td.tick input")];
  const every = part("th.tick input");
  if (every) {
    const on = ticks.filter((tick) => tick.checked).length;
    Object.assign(every, { checked: on > 0 && on === ticks.length, indeterminate: on > 0 && on < ticks.length, disabled: !ticks.length });
  }
  const back = data.back && data.back.at !== kept.back ? data.back.id : null;  // the drawer of this row was closed
  kept.back = data.back ? data.back.at : null;
  const again = names.find((name) => name.dataset.row === (back || focused));
  const held = ticks.find((tick) => tick.dataset.tick === ticking);
  reach(names, again || names[ticks.indexOf(held)] || names[0], ticks);
  if (held && held !== parentElement.activeElement) held.focus({ preventScroll: true });
  if (again && again !== parentElement.activeElement) again.focus({ preventScroll: true });
  root.onkeydown = (event) => walk(event, root, act);
}
