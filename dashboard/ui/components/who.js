// Who is signed in, and the watch over a screen nobody uses: it warns a minute before, then signs out.
// What counts is mouse, keys and touch; a page that refreshes itself does not. Every open tab asks the server
// every few seconds, so signing out (or being disabled) in one tab empties the others too.
const ASK_EVERY = 3000; // milliseconds; an open tab is empty at most 5 s after its session ended
const WARN = 60; // seconds

export default function ({ data, parentElement }) {
  const root = dressed(parentElement);
  const watch = memory(parentElement, () => ({ touched: false, told: 0, left: data.idle_seconds, leaving: false }));
  watch.stop?.();
  const form = el("form", { method: "post", action: "/signout" },
    el("input", { type: "hidden", name: "why", value: "out" }), el("input", { type: "hidden", name: "next", value: "/" }),
    el("button", { type: "submit" }, "Sign out"));
  const warning = el("div", { class: "leaving", role: "alertdialog", "aria-label": "Signing out soon", hidden: true },
    el("span", { "aria-live": "assertive" }), el("button", { type: "button", on: { click: () => stay() } }, "Stay signed in"));
  root.replaceChildren(
    el("div", { class: "who" },
      el("span", { class: "practice" }, data.practice),
      el("span", { class: "person" }, `${data.person} · ${data.role}`), form),
    warning);

  const leave = (why) => { watch.leaving = true; form.elements.why.value = why; form.elements.next.value = here(); form.submit(); };
  const here = () => location.pathname + location.search;
  form.onsubmit = () => { watch.leaving = true; };
  const gone = () => location.assign(`/signin?why=over&next=${encodeURIComponent(here())}`);

  async function ask(method) {
    let answer;
    try {
      answer = await fetch("/session", { method, cache: "no-store", redirect: "manual" });
    } catch {
      return; // the server restarts or the network is away: ask again next time
    }
    if (watch.leaving) return; // an answer from before must not take the place of signing out
    // without TLS browsers do not say that a fetch is one: the door then answers with its redirect
    if (answer.status === 401 || answer.type === "opaqueredirect") gone();
    if (answer.ok) show((await answer.json()).left);
  }

  function show(left) {
    watch.left = left;
    warning.hidden = left > Math.min(WARN, data.idle_seconds / 2);
    if (!warning.hidden) warning.firstChild.textContent = `Signing out in ${Math.max(Math.round(left), 0)} seconds`;
    if (left <= 0) leave("idle");
  }

  const stay = () => { watch.touched = false; watch.told = Date.now(); return ask("POST"); };
  const touch = () => { watch.touched = true; };

  function tick() {
    const tell = Math.min(30_000, data.idle_seconds * 200);
    if (watch.touched && (Date.now() - watch.told > tell || !warning.hidden)) return stay();
    return ask("GET");
  }

  const events = ["mousemove", "keydown", "pointerdown", "wheel", "touchstart"];
  events.forEach((event) => window.addEventListener(event, touch, { passive: true, capture: true }));
  const asking = setInterval(tick, ASK_EVERY);
  const counting = setInterval(() => { if (!warning.hidden) show(watch.left - 1); }, 1000);
  const naming = new MutationObserver(nameToasts);
  naming.observe(document.body, { childList: true, subtree: true });
  watch.stop = () => {
    naming.disconnect();
    clearInterval(asking);
    clearInterval(counting);
    events.forEach((event) => window.removeEventListener(event, touch, { capture: true }));
  };
  return watch.stop;
}

// Streamlit names a toast after a title that it does not draw (axe: aria-dialog-name), so what it says becomes the title.
function nameToasts() {
  for (const said of document.querySelectorAll("[data-testid=stToast] [data-testid=stToastText]:not([id])"))
    said.id = said.closest("[data-testid=stToast]").getAttribute("aria-labelledby");
}
