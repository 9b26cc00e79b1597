// Shared by our components. Everything from outside becomes a text node: nothing here parses markup.
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, act] of Object.entries(value)) node["on" + event] = act;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false || child === "") continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

const icon = (name) => el("span", { class: "icon", "aria-hidden": "true" }, name);

function chip(one) {
  return el("span", { class: `chip ${one.severity}`, title: one.why || null },
    icon(one.icon), el("bdi", {}, one.words), el("span", { class: "spoken" }, ` (${one.severity})`));
}

// A use bar: done, booked, a solid mark at the allowance, a dashed one where the patient should be by now.
function useBar(bar) {
  const full = Math.max(bar.done + bar.booked, bar.allowance ?? 0, bar.should_be ?? 0, 1);
  const share = (number) => `${(100 * number) / full}%`;
  const track = el("div", { class: "bar", role: "img", "aria-label": bar.words },
    el("i", { class: "done" }), el("i", { class: "booked" }));
  track.children[0].style.width = share(bar.done);
  track.children[1].style.width = share(bar.booked);
  for (const [kind, at] of [["mark", bar.allowance], ["mark due", bar.should_be]]) {
    if (at === null || at === undefined) continue;
    const mark = el("i", { class: kind });
    mark.style.left = `calc(${share(at)} - 1.5px)`;
    track.append(mark);
  }
  return el("div", { title: bar.words }, track, el("div", { class: "soft small" }, bar.words));
}

// Money in arrears by age: one piece per age, as wide as its part of the whole; the words beneath say the same.
function agingBar(bar) {
  const full = bar.parts.reduce((sum, part) => sum + part.cents, 0) || 1;
  const pieces = bar.parts.map((part, place) => (part.cents ? el("i", { class: `age${place} ${part.tone}` }) : null));
  bar.parts.forEach((part, place) => { if (pieces[place]) pieces[place].style.width = `${(100 * part.cents) / full}%`; });
  return el("div", { title: bar.why }, el("div", { class: "ages", role: "img", "aria-label": bar.why }, pieces),
    el("div", { class: "soft small" }, bar.words));
}

// Streamlit reruns a component on a theme change: the paper's brightness says which theme it is. What has left the page
// meanwhile (a drawer closed while its card was on its way) has no colours, and nobody sees it.
function dressed(parentElement) {
  const root = parentElement.querySelector(".huddle");
  const paper = getComputedStyle(root).getPropertyValue("--st-background-color").trim();
  const probe = el("i", {});
  probe.style.color = paper;
  root.append(probe);
  const seen = getComputedStyle(probe).color.match(/[\d.]+/g);
  probe.remove();
  if (!seen) return root;
  const [r, g, b] = seen.map(Number);
  root.dataset.theme = 0.299 * r + 0.587 * g + 0.114 * b < 128 ? "dark" : "light";
  return root;
}

// What a component remembers between two runs, kept per place on the page.
const memories = new WeakMap();
function memory(parentElement, fresh) {
  if (!memories.has(parentElement)) memories.set(parentElement, fresh());
  return memories.get(parentElement);
}
