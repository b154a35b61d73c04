"use strict";
// Every page works without this file. It says what waits, what got lost, and where the errors are.
(function () {
  const net = document.getElementById("net");
  const waits = new WeakMap();

  function say(text) {
    net.textContent = "";
    if (!text) return;
    const line = document.createElement("p");
    line.className = "toast bad-news";
    line.textContent = text;
    net.append(line);
  }

  function buttonOf(detail) {
    const event = detail.requestConfig.triggeringEvent;
    return (event && event.submitter) || detail.elt.closest("button, a.btn");
  }

  function wait({ detail }) {
    const button = buttonOf(detail);
    const saves = detail.requestConfig.verb !== "get";
    const timers = [
      setTimeout(() => button && button.setAttribute("aria-busy", "true"), 300),
      setTimeout(() => saves && say(net.dataset.slow), 8000),
    ];
    say("");
    waits.set(detail.xhr, () => {
      timers.forEach(clearTimeout);
      if (button) button.removeAttribute("aria-busy");
      if (net.textContent === net.dataset.slow) say("");
    });
  }

  function focusErrors() {
    const summary = document.querySelector("main [data-errors]");
    if (summary) summary.focus();
  }

  // An error page never takes the place of a half-filled form: only its sentence is shown.
  function keepForm(event) {
    if (event.detail.xhr.status < 400) return;
    const answer = new DOMParser().parseFromString(event.detail.serverResponse, "text/html");
    const lead = answer.querySelector(".oops .lead");
    if (event.detail.shouldSwap && !lead) return;
    event.detail.shouldSwap = false;
    say(lead ? lead.textContent.trim() : net.dataset.failed);
  }

  // Words to pass on by hand get a button: marking them with a finger is hard.
  function copy(area, button) {
    area.focus();
    area.select();
    const done = () => (button.firstChild.textContent = net.dataset.copied);
    // Without HTTPS a browser gives no clipboard; the old way works there.
    if (navigator.clipboard) navigator.clipboard.writeText(area.value).then(done, () => document.execCommand("copy") && done());
    else if (document.execCommand("copy")) done();
  }

  function offerCopies() {
    for (const area of document.querySelectorAll("main textarea[readonly]:not([data-copies])")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn less-big copy";
      const word = document.createElement("span");
      word.setAttribute("aria-live", "polite");
      word.textContent = net.dataset.copy;
      const about = document.createElement("span");
      about.className = "vh";
      about.textContent = area.labels.length ? area.labels[0].textContent : "";
      button.append(word, about);
      button.addEventListener("click", () => copy(area, button));
      area.dataset.copies = "";
      area.after(button);
    }
  }

  document.addEventListener("htmx:beforeRequest", wait);
  document.addEventListener("htmx:afterRequest", ({ detail }) => waits.has(detail.xhr) && waits.get(detail.xhr)());
  document.addEventListener("htmx:beforeSwap", keepForm);
  document.addEventListener("htmx:afterSettle", ({ detail }) => detail.xhr.status === 422 && focusErrors());
  document.addEventListener("htmx:afterSettle", offerCopies);
  document.addEventListener("htmx:sendError", () => say(net.dataset.lost));
  document.addEventListener("htmx:timeout", () => say(net.dataset.lost));
  // A page out of the browser's back store may show a seat that is long gone.
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
  focusErrors();
  offerCopies();
})();
