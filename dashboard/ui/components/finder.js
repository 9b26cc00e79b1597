
// The search and the keys of every page: `/` finds a patient, j and k walk the list, ? lists the keys, and Tab reaches
// everything in a drawer. What is typed goes to the server in a request's body and nowhere else.
const WAIT = 90; // milliseconds after a key
const KEYS = [["/", "Find a patient"], ["j  k", "Down and up the list"], ["Enter", "Open the row"], ["i", "$ Invoice for the open patient"],
  ["p", "Payment link for the open patient"], ["c", "New card link for the open patient"], ["Esc", "Close the drawer"], ["u", "Undo, where there is one"], ["?", "These keys"]];

function deepActive() {
  let at = document.activeElement;
  while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
  return at;
}

const typing = (node) => Boolean(node) && (node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName) && !/^(checkbox|radio|button|submit)$/.test(node.type));

// Everything the keyboard can stop at below `node`, in the order it is drawn, inside our own components too.
function stops(node, found = []) {
  const children = node.shadowRoot ? node.shadowRoot.children : node.children || [];
  for (const child of children) {
    if (child.inert || child.hidden) continue;
    const takes = child.matches("a[href], button, input, select, textarea, summary, [tabindex], [contenteditable=true]");
    // a host may have no box of its own and still hold what is seen: only what can be stopped at is looked at
    const seen = !child.checkVisibility || child.checkVisibility({ visibilityProperty: true });
    if (takes && seen && child.tabIndex >= 0 && !child.disabled) found.push(child);
    stops(child, found);
  }
  return found;
}

// Streamlit's trap of the drawer sees only what is not inside a component: five buttons of forty.
function walkDrawer(event) {
  const drawers = [...document.querySelectorAll("[role=dialog]:not([data-testid=stToast])")];
  const drawer = drawers.find((one) => one.contains(document.activeElement)) || (document.activeElement === document.body ? drawers.at(-1) : null);
  if (!drawer) return;
  const all = stops(drawer);
  if (!all.length) return;
  const at = all.indexOf(deepActive());
  const to = at < 0 ? (event.shiftKey ? all.length - 1 : 0) : (at + (event.shiftKey ? -1 : 1) + all.length) % all.length;
  event.preventDefault();
  event.stopImmediatePropagation();
  all[to].focus();
}

function names() {
  const hosts = [...document.querySelectorAll("*")].filter((one) => one.shadowRoot && !one.closest("[role=dialog]"));
  return hosts.flatMap((host) => [...host.shadowRoot.querySelectorAll("tr.visit .who button")]).filter((one) => !one.checkVisibility || one.checkVisibility());
}

function step(by) {
  const all = names();
  const at = all.indexOf(deepActive());
  const to = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
  if (!to) return false;
  to.focus({ preventScroll: true });
  to.closest("tr").scrollIntoView({ block: "nearest" });
  return true;
}

function sheet(root, label, ...inside) {
  const before = deepActive();
  const veil = el("div", { class: "veil" }, el("div", { class: "sheet", role: "dialog", "aria-modal": "true", "aria-label": label }, ...inside));
  const close = () => { veil.remove(); if (before && before.isConnected) before.focus({ preventScroll: true }); };
  veil.onpointerdown = (event) => { if (event.target === veil) close(); };
  veil.onkeydown = (event) => { if (event.key === "Escape") { event.stopPropagation(); close(); } };
  veil.close = close;
  root.append(veil);
  return { veil, close };
}

function openKeys(root, data) {
  if (root.querySelector(".veil")) return;
  const help = el("a", { href: data.help, target: "_blank", class: "help" }, "Read about this page");
  const made = sheet(root, "Keys", el("h2", {}, "Keys"), el("dl", { class: "keys" }, KEYS.flatMap(([key, words]) =>
    [el("dt", {}, key.split("  ").flatMap((one) => [el("kbd", {}, one), " "])), el("dd", {}, words)])), el("p", { class: "hint" }, help));
  help.focus();
  return made;
}

function openFinder(root, tell) {
  if (root.querySelector(".veil")) return;
  const input = el("input", { type: "text", role: "combobox", "aria-expanded": "false", "aria-controls": "found", "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false", maxlength: "60",
    "aria-label": "Find a patient", placeholder: "Name, phone, birth date, e-mail or card’s last four" });
  const list = el("ul", { class: "found", id: "found", role: "listbox", "aria-label": "Patients found" });
  const hint = el("p", { class: "hint", "aria-live": "polite" }, "Type at least two letters, or four digits.");
  const { veil, close } = sheet(root, "Find a patient", input, list, hint);
  let rows = [], chosen = 0, asked = 0, waiting = null;

  const take = (row) => { if (!row) return; close(); tell("open", { key: row.key, at: Date.now() }); };
  const draw = () => {
    list.replaceChildren(...rows.map((row, at) => el("li", { role: "option", id: `found-${at}`, "aria-selected": String(at === chosen), on: { click: () => take(row) } },
      el("strong", {}, el("bdi", {}, row.name)), el("small", {}, el("bdi", {}, row.sub)))));
    input.setAttribute("aria-expanded", String(rows.length > 0));
    if (rows.length) input.setAttribute("aria-activedescendant", `found-${chosen}`);
    else input.removeAttribute("aria-activedescendant");
  };
  async function ask() {
    const typed = input.value.trim(), mine = ++asked;
    if (typed.length < 2) { rows = []; hint.textContent = "Type at least two letters, or four digits."; draw(); return; }
    let answer;
    try {
      answer = await fetch("/search", { method: "POST", cache: "no-store", headers: { "content-type": "application/json" }, body: JSON.stringify({ typed }) });
    } catch { hint.textContent = "Huddle does not answer. Try again in a moment."; return; }
    if (mine !== asked) return; // something else was typed meanwhile
    const said = answer.ok ? await answer.json() : null;
    rows = said ? said.found : [];
    chosen = 0;
    hint.textContent = !said ? "That could not be searched. Sign in again." : rows.length ? "Enter opens the card." : "Nobody fits. Try a part of the name, or the last four digits.";
    draw();
  }
  input.oninput = () => { clearTimeout(waiting); waiting = setTimeout(ask, WAIT); };
  input.onkeydown = (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && rows.length) { event.preventDefault(); chosen = (chosen + by + rows.length) % rows.length; draw(); list.children[chosen].scrollIntoView({ block: "nearest" }); }
    if (event.key === "Enter") { event.preventDefault(); take(rows[chosen]); }
    if (event.key === "Tab") { event.preventDefault(); event.stopPropagation(); } // there is nothing else to stop at
  };
  input.focus();
  return veil;
}

// The menu says which of its pages is open, also when that stands behind a word.
function markMenu(sections) {
  for (const button of document.querySelectorAll("[data-testid=stTopNavSection]")) {
    const here = sections[button.textContent.replace(/expand_\w+/g, "").trim()] || "";
    button.toggleAttribute("data-here", Boolean(here));
    if (here) button.setAttribute("aria-label", `${button.textContent.replace(/expand_\w+/g, "").trim()}: ${here}`);
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = dressed(parentElement);
  const kept = memory(parentElement, () => ({}));
  kept.data = data;
  kept.stop?.();
  const find = () => openFinder(root, setTriggerValue);
  root.querySelector(".tools")?.remove();
  root.prepend(el("div", { class: "tools" },
    data.search ? el("button", { type: "button", title: "Find a patient ( / )", "aria-label": "Find a patient", on: { click: find } }, icon("search"), el("span", { class: "word" }, "Find")) : null,
    data.unread === null || data.unread === undefined ? null : el("a", { class: data.unread ? "inbox new" : "inbox", href: "/inbox", target: "_self", title: "What patients texted",
      "aria-label": data.unread ? `Inbox, ${data.unread} unread` : "Inbox, nothing unread" }, icon("inbox"), data.unread ? el("strong", {}, data.unread) : null),
    el("a", { class: "help", href: data.help, target: "_blank", title: "About this page", "aria-label": "Help: about this page" }, "?")));
  place(root);

  function press(event) {
    const veil = root.querySelector(".veil"); // a list that is drawn again behind it may have taken the keyboard
    if (veil && event.key === "Escape") { event.preventDefault(); event.stopImmediatePropagation(); veil.close(); return; }
    if (veil && !veil.contains(deepActive())) veil.querySelector("input, a").focus();
    if (event.key === "Tab" && !event.ctrlKey && !event.altKey && !event.metaKey && !root.querySelector(".veil")) return walkDrawer(event);
    if (event.ctrlKey || event.altKey || event.metaKey || typing(deepActive()) || root.querySelector(".veil")) return;
    if (event.key === "/" && data.search) { event.preventDefault(); find(); }
    else if (event.key === "?") { event.preventDefault(); openKeys(root, kept.data); }
    else if ((event.key === "j" || event.key === "k") && !document.querySelector("section[role=dialog]")) { if (step(event.key === "j" ? 1 : -1)) event.preventDefault(); }
  }
  window.addEventListener("keydown", press, true);
  const look = () => { markMenu(kept.data.sections); place(root); };
  const watching = new MutationObserver(look);
  const nav = document.querySelector("[data-testid=stHeader]") || document.body;
  watching.observe(nav, { childList: true, subtree: true });
  const timer = setTimeout(look, 400);
  look();
  kept.stop = () => { window.removeEventListener("keydown", press, true); watching.disconnect(); clearTimeout(timer); };
  return kept.stop;
}

// Beside the bar that says who is signed in, however wide that is.
function place(root) {
  const hosts = [...document.querySelectorAll("*")].filter((one) => one.shadowRoot?.querySelector(".who"));
  const bar = hosts[0]?.shadowRoot.querySelector(".who");
  if (bar && bar.offsetWidth) root.querySelector(".tools").style.setProperty("--beside", `${Math.round(innerWidth - bar.getBoundingClientRect().left + 14)}px`);
}
