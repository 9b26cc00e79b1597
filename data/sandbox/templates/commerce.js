// The sandbox's stand-in for the processor's browser script: puts a frame of its own origin into a page and passes on
// what the frame tells. Card numbers stay in the frame.
(function () {
  "use strict";
  var here = new URL(document.currentScript.src);
  var folder = here.href.slice(0, here.href.lastIndexOf("/") + 1);
  var OPTIONS = ["showSubmitButton"]; // the others change looks only

  function Elements(clientToken) {
    if (!(this instanceof Elements)) { return new Elements(clientToken); }
    this.clientToken = String(clientToken || "");
    this.listeners = {};
    this.frame = null;
    this.eventBus = { on: this.on.bind(this) };
    window.addEventListener("message", this.heard.bind(this));
  }

  Elements.prototype.on = function (name, callback) {
    (this.listeners[name] = this.listeners[name] || []).push(callback);
    return this;
  };

  Elements.prototype.tell = function (name, told) {
    (this.listeners[name] || []).forEach(function (callback) { callback(told); });
  };

  Elements.prototype.create = function (options) {
    var wish = options || {};
    var place = typeof wish.container === "string" ? document.querySelector(wish.container) : wish.container;
    if (!place) { throw new Error("Commerce.elements: there is no container " + wish.container); }
    var frame = document.createElement("iframe");
    frame.src = folder + "frame";
    frame.title = "Card details";
    frame.setAttribute("width", "100%");
    frame.setAttribute("height", "330");
    frame.setAttribute("frameborder", "0");
    frame.setAttribute("scrolling", "no");
    this.wish = {};
    for (var i = 0; i < OPTIONS.length; i++) { this.wish[OPTIONS[i]] = wish[OPTIONS[i]]; }
    if (this.frame) { this.frame.remove(); }
    this.frame = frame;
    place.appendChild(frame);
    return this;
  };

  Elements.prototype.submit = function () { this.say({ name: "submit" }); };

  Elements.prototype.say = function (message) {
    if (this.frame && this.frame.contentWindow) { this.frame.contentWindow.postMessage(message, here.origin); }
  };

  Elements.prototype.heard = function (event) {
    if (!this.frame || event.source !== this.frame.contentWindow || event.origin !== here.origin) { return; }
    var message = event.data || {};
    if (message.name === "opened") {
      this.say({ name: "start", clientToken: this.clientToken, wish: this.wish });
    } else if (message.name === "height") {
      this.frame.setAttribute("height", String(message.told));
    } else if (typeof message.name === "string") {
      this.tell(message.name, message.told);
    }
  };

  window.Commerce = window.Commerce || {};
  window.Commerce.elements = Elements;
})();
