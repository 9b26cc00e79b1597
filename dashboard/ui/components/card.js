
// The patient card from a list of blocks. What was opened stays open over a refresh, and nothing scrolls by itself.
const TONE_ICONS = { critical: "error", high: "warning", medium: "info", unknown: "help", note: "info" };

const BLOCKS = {
  facts: (block) => el("dl", { class: "facts" }, block.facts.map((fact) => el("div", {},
    el("dt", {}, fact.label), el("dd", { class: fact.tone }, el("bdi", {}, fact.value), fact.sub ? el("small", {}, fact.sub) : null)))),
  lines: (block, act) => el("ul", { class: "lines" }, block.lines.map((line) => drawLine(line, act))),
  text: (block) => el("p", { class: block.tone }, el("bdi", {}, block.words)),
  title: (block) => el("div", { class: "titled" }, el("strong", {}, el("bdi", {}, block.words)), block.chip ? chip(block.chip) : null),
  decide: (block, act) => drawDecide(block, act),
  decided: (block, act) => el("div", { class: "decided" },
    el("span", { class: block.tone }, icon(block.tone === "good" ? "task_alt" : "info")),
    el("div", { class: "body" }, el("bdi", {}, block.words), block.sub ? el("div", { class: "soft small" }, el("bdi", {}, block.sub)) : null),
    block.undo === null ? null : el("button", { type: "button", on: { click: (event) => {
      event.target.disabled = true;
      act.tell("undo", { choice: block.undo, at: Date.now() });
    } } }, block.button || "Undo")),
  promise: (block, act) => drawPromise(block, act),
  bar: (block) => el("div", { class: "barblock" }, useBar(block)),
  table: (block) => el("div", { class: "tablewrap" }, el("table", {},
    el("thead", {}, el("tr", {}, block.heads.map((head, at) => el("th", { scope: "col", class: block.money.includes(at) ? "money" : null }, head)))),
    el("tbody", {}, block.rows.map((row) => el("tr", {}, row.map((cell, at) =>
      el("td", { class: block.money.includes(at) ? "money" : null }, el("bdi", {}, cell)))))))),
  details: (block, act) => el("details", { "data-name": block.name, open: act.open.has(block.name) },
    el("summary", {}, block.summary), drawBlocks(block.blocks, act)),
  flag: (block, act) => {
    const why = el("div", { class: "why", hidden: !act.open.has(block.name) }, drawBlocks(block.why, act));
    const button = el("button", { type: "button", "aria-expanded": String(!why.hidden) }, "Why", icon("expand_more"));
    button.onclick = () => {
      why.hidden = !why.hidden;
      button.setAttribute("aria-expanded", String(!why.hidden));
      act.open[why.hidden ? "delete" : "add"](block.name);
    };
    const doing = block.task ? drawTask(block, act) : { buttons: [], below: null };
    return el("div", { class: "flag" }, chip(block.chip), el("span", { class: "words" }, el("bdi", {}, block.words),
      block.task && block.task.owner ? el("span", { class: "small owner" }, icon("person"), el("bdi", {}, block.task.owner)) : null),
      block.right ? el("span", { class: "right" }, block.right) : null,
      block.fix ? el("button", { type: "button", class: "fix", on: { click: () => act.tell("ask", { ...block.fix.asked, at: Date.now() }) } }, block.fix.words) : null,
      doing.buttons, button, doing.below, why);
  },
  note: (block, act) => drawNote(block, act),
};

const drawBlocks = (blocks, act) => blocks.filter((block) => block.kind).map((block) => BLOCKS[block.kind](block, act));

// What may be done about a task in its line: take it, or say why it is done.
function drawTask(block, act) {
  const { id, take, decide } = block.task;
  const buttons = [];
  if (take) buttons.push(el("button", { type: "button", on: { click: (event) => {
    event.currentTarget.disabled = true;
    act.tell("task", { do: "take", id, at: Date.now() });
  } } }, icon("back_hand"), "Take"));
  if (!decide) return { buttons, below: null };
  const below = el("div", { class: "why", hidden: !act.open.has(decide.name) }, drawDecide(decide, act));
  const done = el("button", { type: "button", "aria-expanded": String(!below.hidden) }, icon("task_alt"), "Done");
  done.onclick = () => {
    below.hidden = !below.hidden;
    done.setAttribute("aria-expanded", String(!below.hidden));
    act.open[below.hidden ? "delete" : "add"](decide.name);
  };
  return { buttons: [...buttons, done], below };
}

// A line of one's own in the history of a task. What was begun is kept over a refresh.
function drawNote(block, act) {
  const begun = act.begun[block.name] || (act.begun[block.name] = { words: "" });
  const save = el("button", { type: "button", class: "save" }, "Add note");
  const ready = () => { save.disabled = !begun.words.trim(); };
  const input = el("input", { type: "text", maxlength: "200", "data-name": block.name, placeholder: "A note for the others" });
  input.value = begun.words;
  input.oninput = () => { begun.words = input.value; ready(); };
  save.onclick = () => {
    save.disabled = true;
    act.tell("task", { do: "note", id: block.id, words: begun.words.trim(), at: Date.now() });
    begun.words = "";
  };
  ready();
  return el("div", { class: "why-row" }, el("label", {}, el("span", { class: "spoken" }, "Note"), input), save);
}

// Who will pay how much by when. What was begun is kept over a refresh.
function drawPromise(block, act) {
  const begun = act.begun[block.name] || (act.begun[block.name] = { dollars: block.dollars, on: "", by: "" });
  const save = el("button", { type: "button", class: "save" }, "Record promise");
  const ready = () => { save.disabled = !begun.dollars.trim() || !begun.on || !begun.by.trim(); };
  const field = (part, label, attributes) => {
    const input = el("input", { "data-name": `${block.name} ${part}`, ...attributes });
    input.value = begun[part];
    input.oninput = () => { begun[part] = input.value; ready(); };
    return el("label", { class: part }, el("span", { class: "soft small" }, label), input);
  };
  save.onclick = () => {
    save.disabled = true;
    act.tell("promise", { plan: block.plan, ...begun, at: Date.now() });
  };
  ready();
  return el("div", { class: "why-row promise" },
    field("dollars", "Amount in dollars", { type: "text", inputmode: "decimal", maxlength: "12" }),
    field("on", "By", { type: "date", min: block.first, max: block.last }),
    field("by", "Who promised", { type: "text", maxlength: "120", placeholder: "Such as: Ana on the phone" }), save);
}

// One question: pick an option, say why, press the button. What was begun is kept over a refresh.
function drawDecide(block, act) {
  const begun = act.begun[block.name] || (act.begun[block.name] = { kind: "", reason: "" });
  const save = el("button", { type: "button", class: "save" }, block.save);
  // where a choice speaks for itself, only the one named `brief` wants words
  const ready = () => { save.disabled = !begun.kind || (!begun.reason.trim() && !(block.brief && begun.kind !== block.brief)); };
  const reason = el("input", { type: "text", maxlength: "200", "data-name": block.name, placeholder: "Why, in a few words" });
  reason.value = begun.reason;
  reason.oninput = () => { begun.reason = reason.value; ready(); };
  const option = (one) => {
    const pick = el("input", { type: "radio", name: block.name, value: one.kind, disabled: !one.possible });
    pick.checked = one.possible && begun.kind === one.kind;
    pick.onchange = () => { begun.kind = one.kind; ready(); };
    return el("label", { class: one.possible ? "option" : "option off" }, pick,
      el("span", { class: "body" }, el("strong", {}, one.words), el("span", { class: "soft small" }, el("bdi", {}, one.effect))),
      one.right ? el("span", { class: "right" }, one.right) : null);
  };
  save.onclick = () => {
    save.disabled = true;
    act.tell("decide", { ...block.asked, kind: begun.kind, reason: begun.reason.trim(), at: Date.now() });
  };
  ready();
  return el("fieldset", { class: "decide" }, el("legend", {}, el("bdi", {}, block.heading)),
    block.options.map(option), el("div", { class: "why-row" }, el("label", {}, el("span", { class: "spoken" }, "Reason"), reason), save));
}

function drawLine(line, act) {
  const words = el("bdi", {}, line.words);
  return el("li", {}, line.icon ? el("span", { class: line.tone }, icon(line.icon)) : null,
    el("div", { class: "body" },
      line.key ? el("button", { type: "button", on: { click: () => act.patient(line.key) } }, words) : words,
      line.sub ? el("div", { class: "soft small" }, el("bdi", {}, line.sub)) : null),
    line.right ? el("span", { class: `right ${line.tone}` }, line.right) : null);
}

function remembering(root) {
  const kept = { drawn: "", patient: null, open: new Set(), begun: {} };
  root.addEventListener("toggle", (event) => {
    const name = event.target.dataset.name;
    if (name && event.target.isConnected) kept.open[event.target.open ? "add" : "delete"](name);
  }, { capture: true });
  return kept;
}

// A button that was pressed goes with what it did, and the keyboard with it: then the drawer has it, and Escape closes it.
function keepKeyboard(root) {
  const drawer = root.getRootNode().host?.closest("[role=dialog]");
  if (!drawer) return null;
  const hold = () => { if (document.activeElement === document.body) drawer.focus({ preventScroll: true }); };
  const watching = new MutationObserver(hold);
  watching.observe(drawer, { childList: true, subtree: true });
  return { hold, end: () => watching.disconnect() };
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = dressed(parentElement);
  const kept = memory(parentElement, () => remembering(root));
  kept.keyboard?.end();
  kept.keyboard = keepKeyboard(root);
  draw(root, kept, { data, parentElement, setTriggerValue });
  kept.keyboard?.hold();
  kept.unpress?.();
  const press = (event) => keyAsks(event, data.keys || {}, setTriggerValue);
  window.addEventListener("keydown", press);
  kept.unpress = () => window.removeEventListener("keydown", press);
  return () => { kept.keyboard?.end(); kept.unpress(); };
}

// i, p and c open the forms of the open patient, for whoever may use them; never while somebody types.
function keyAsks(event, keys, tell) {
  let at = document.activeElement;
  while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
  const types = at && (at.isContentEditable || (/^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName) && !/^(checkbox|radio)$/.test(at.type)));
  if (!keys[event.key] || types || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  event.preventDefault();
  tell("ask", { kind: keys[event.key], about: null, at: Date.now() });
}

function draw(root, kept, { data, parentElement, setTriggerValue }) {
  const drawn = JSON.stringify(data);
  if (drawn === kept.drawn) return;
  if (kept.patient !== data.patient) Object.assign(kept, { open: new Set(), begun: {} });
  const typing = parentElement.activeElement?.dataset.name;
  Object.assign(kept, { drawn, patient: data.patient });
  const act = { open: kept.open, begun: kept.begun, patient: (key) => setTriggerValue("open", key), tell: setTriggerValue };

  root.replaceChildren(...[
    data.head && (data.head.name || data.head.sub || data.head.lines.length) ? el("div", { class: "head" },
      data.head.name ? el("h2", {}, el("bdi", {}, data.head.name)) : null, data.head.sub ? el("div", { class: "soft" }, el("bdi", {}, data.head.sub)) : null,
      data.head.lines.length ? el("ul", { class: "lines" }, data.head.lines.map((line) => drawLine(line, act))) : null) : null,
    data.sum ? el("p", { class: "sum" }, el("span", {}, data.sum.words), " ", el("strong", { class: data.sum.tone }, data.sum.value)) : null,
    data.quick ? el("ul", { class: "quick", "aria-label": "Quick Stop" }, data.quick.length
      ? data.quick.map((one) => el("li", { class: one.severity }, icon(TONE_ICONS[one.severity] || "info"),
        el("span", { class: "spoken" }, `${one.severity}: `), BLOCKS[one.kind](one, act)))
      : el("li", { class: "good" }, icon("check_circle"), "Nothing to say: all is in order.")) : null,
    ...(data.sections || []).map((part) => el("section", { "data-name": part.name, "aria-label": part.heading },
      el("h3", {}, part.heading), drawBlocks(part.blocks, act))),
    data.sources ? el("ul", { class: "sources", "aria-label": "How fresh the data are" }, data.sources.map((source) =>
      el("li", { class: source.tone ? `old ${source.tone}` : null, title: source.why }, icon(source.icon), source.words))) : null,
  ].filter(Boolean));
  if (typing) [...root.querySelectorAll("input[data-name]")].find((input) => input.dataset.name === typing)?.focus({ preventScroll: true });
}
