// Opens the processor's frame and hands in the one-use ticket it gives. Card numbers never come near this script.
(function () {
  "use strict";
  var place = document.getElementById("card");
  var loading = document.getElementById("loading");
  var said = document.getElementById("said");
  var form = document.getElementById("done");
  var handedIn = false;

  function say(words) {
    loading.hidden = true;
    said.textContent = words;
    said.hidden = !words;
  }

  function ticketIn(told) {
    var names = ["ticket_id", "ticket", "id"];
    var places = [told, told && told.data, told && told["@data"]];
    for (var i = 0; i < places.length; i++) {
      for (var j = 0; j < names.length; j++) {
        var found = places[i] && places[i][names[j]];
        if (typeof found === "string" && /^[0-9A-Za-z-]{1,36}$/.test(found)) return found;
      }
    }
    return typeof told === "string" && /^[0-9A-Za-z-]{1,36}$/.test(told) ? told : "";
  }

  function done(told) {
    if (typeof told === "string" && told.charAt(0) === "{") {
      try { told = JSON.parse(told); } catch (unreadable) { told = null; }
    }
    var ticket = ticketIn(told);
    if (!ticket || handedIn) return;
    handedIn = true;
    say("");
    form.elements.ticket.value = ticket;
    form.submit();
  }

  function refused() {
    if (!handedIn) say("That card was not accepted. Please check it, or use another card.");
  }

  if (!window.Commerce || !window.Commerce.elements) {
    say("The card form could not be opened. Check your connection, go back, and try again.");
    return;
  }
  var elements = new window.Commerce.elements(place.dataset.token);
  var bus = typeof elements.on === "function" ? elements : elements.eventBus;
  bus.on("ready", function () { loading.hidden = true; });
  ["done", "success"].forEach(function (name) { bus.on(name, done); });
  ["error", "payment_error"].forEach(function (name) { bus.on(name, refused); });
  elements.create({
    container: "#card",
    theme: "default",
    environment: place.dataset.environment,
    floatingLabels: false,
    showSubmitButton: true,
    showValidationAnimation: true,
    showReceipt: false
  });
})();
