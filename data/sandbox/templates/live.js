// Looks every second and a half whether something new came, and then shows the page anew, unless somebody is typing.
(function () {
  "use strict";
  var main = document.querySelector("main[data-live]");
  if (!main) { return; }
  var talk = document.getElementById("talk");
  if (talk) { talk.scrollTop = talk.scrollHeight; }
  function typing() {
    var here = document.activeElement;
    return Boolean(here && here.tagName === "INPUT" && here.value);
  }
  setInterval(function () {
    if (document.hidden || typing()) { return; }
    fetch("/pages/newest", { cache: "no-store" })
      .then(function (answer) { return answer.text(); })
      .then(function (newest) { if (newest !== main.dataset.live && !typing()) { location.reload(); } })
      .catch(function () { return null; });
  }, 1500);
})();
