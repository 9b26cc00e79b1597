// Inside the frame: takes a test card, sends it to this server, and tells the page around it only what came of it.
(function () {
  "use strict";
  var form = document.getElementById("card");
  var button = form.querySelector("button");
  var said = document.getElementById("said");
  var clientToken = "";
  var busy = false;
  var origin = "*"; // until the page around has spoken; "opened" and "height" hold nothing

  function tell(name, told) { window.parent.postMessage({ name: name, told: told }, origin); }
  function measure() { tell("height", Math.ceil(document.querySelector("main").getBoundingClientRect().height) + 8); }

  function complain(words, field) {
    said.textContent = words;
    said.hidden = !words;
    ["number", "expiry"].forEach(function (name) {
      form.elements[name].setAttribute("aria-invalid", String(name === field));
    });
    if (field && form.elements[field]) { form.elements[field].focus(); }
    measure();
  }

  function finish(status, answer) {
    busy = false;
    button.disabled = false;
    if (status === 200) {
      form.reset();
      form.hidden = true;
      document.getElementById("kept").hidden = false;
      measure();
      tell("done", answer);
    } else if (status === 422) {
      complain(answer.error, answer.field);
      tell("validationError", { field: answer.field });
    } else {
      complain(answer.error || "The card could not be taken. Try again.");
      tell("error", answer.told || { type: "Error", detail: answer.error });
    }
  }

  function send() {
    if (busy || !clientToken) { return; }
    busy = true;
    button.disabled = true;
    complain("");
    tell("submitted");
    var body = {
      client_token: clientToken, number: form.elements.number.value, expiry: form.elements.expiry.value,
      holder: form.elements.holder.value
    };
    fetch("frame/card", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })
      .then(function (reply) { return reply.json().then(function (answer) { finish(reply.status, answer); }); })
      .catch(function () { finish(0, { error: "The processor cannot be reached. Try again." }); });
  }

  form.addEventListener("submit", function (event) { event.preventDefault(); send(); });
  window.addEventListener("message", function (event) {
    if (event.source !== window.parent) { return; }
    var message = event.data || {};
    if (message.name === "start" && !clientToken) {
      origin = event.origin;
      clientToken = message.clientToken;
      var wish = message.wish || {};
      button.hidden = wish.showSubmitButton === false;
      measure();
      tell("ready");
    } else if (message.name === "submit") { send(); }
  });
  window.addEventListener("resize", measure);
  tell("opened");
})();
