// Numbered steps; what has to be typed in the other system can be copied with a press.
async function put(words, node) {
  try {
    await navigator.clipboard.writeText(words);
  } catch {
    const range = document.createRange(); // no clipboard without TLS: mark the words, so that Ctrl+C takes them
    range.selectNodeContents(node.querySelector("bdi"));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    node.title = "Press Ctrl+C to copy";
    return;
  }
  node.dataset.done = "1";
  node.querySelector(".spoken").textContent = " copied";
  setTimeout(() => { delete node.dataset.done; node.querySelector(".spoken").textContent = " copy"; }, 1500);
}

function copyable(words) {
  const node = el("button", { type: "button", class: "copy", title: "Copy" },
    el("bdi", {}, words), icon("content_copy"), el("span", { class: "spoken", "aria-live": "polite" }, " copy"));
  node.onclick = () => put(words, node);
  return node;
}

export default function ({ data, parentElement }) {
  const root = dressed(parentElement);
  const kept = memory(parentElement, () => ({ drawn: "" }));
  const drawn = JSON.stringify(data);
  if (drawn === kept.drawn) return;
  kept.drawn = drawn;
  root.replaceChildren(el("ol", { "aria-label": data.label },
    data.steps.map((step) => el("li", {}, step.map((part) => (part.copy ? copyable(part.copy) : part.words))))));
}
