// Says how long a time is still kept, and names the visitor's own time zone where it differs. Everything works without it.
(function () {
  "use strict";
  var left = document.getElementById("left");
  if (left) {
    var ends = Date.now() + 1000 * Number(left.dataset.left);
    var tick = function () {
      var seconds = Math.max(0, Math.round((ends - Date.now()) / 1000));
      left.textContent = " " + Math.floor(seconds / 60) + ":" + ("0" + (seconds % 60)).slice(-2) + " left.";
      if (seconds) window.setTimeout(tick, 1000);
      else left.textContent = " It ran out; you can still try to go on.";
    };
    tick();
  }
  var zone = document.getElementById("zone");
  if (zone && window.Intl) {
    var own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    var hour = function (name) {
      return new Intl.DateTimeFormat("en-US", { timeZone: name, dateStyle: "short", timeStyle: "short" }).format(new Date());
    };
    try {
      if (own && hour(own) !== hour(zone.dataset.zone)) zone.textContent = " Your device shows the time of " + own.split("/").pop().replace(/_/g, " ") + ".";
    } catch (unknown) { zone.textContent = ""; }
  }
})();
