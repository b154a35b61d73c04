"use strict";
// Asks the browser for a passkey. Loaded only where one can be used; without it the password does.
(function () {
  const forms = document.querySelectorAll("form[data-passkey]");
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (keys) => (keys || []).map((key) => ({ ...key, id: bytes(key.id) }));

  function asked(question) {
    question.challenge = bytes(question.challenge);
    if (question.user) question.user.id = bytes(question.user.id);
    if (question.excludeCredentials) question.excludeCredentials = named(question.excludeCredentials);
    if (question.allowCredentials) question.allowCredentials = named(question.allowCredentials);
    return { publicKey: question };
  }

  function told(credential) {
    const response = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[part]) response[part] = text(credential.response[part]);
    }
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
  }

  async function ask(form) {
    const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value, for: form.dataset.passkey });
    const answer = await fetch(form.dataset.question, { method: "POST", body });
    if (!answer.ok) throw new TypeError(`status ${answer.status}`);
    const question = asked(await answer.json());
    return form.dataset.passkey === "new" ? navigator.credentials.create(question) : navigator.credentials.get(question);
  }

  async function send(event) {
    const form = event.target;
    // A name is missing: the server says so, before a key is made for nothing.
    if (!form.checkValidity()) return;
    event.preventDefault();
    const button = form.querySelector("button");
    const words = form.querySelector("[role=status]");
    words.textContent = form.dataset.waits;
    button.disabled = true;
    try {
      form.elements.passkey.value = told(await ask(form));
      // Past this listener: the page goes on as after any form.
      form.submit();
    } catch (error) {
      button.disabled = false;
      // Lost on the way; known to this device; else its owner stopped it, or has no key.
      const why = error instanceof TypeError ? "lost" : error.name === "InvalidStateError" ? "known" : "stopped";
      words.textContent = form.dataset[why];
    }
  }

  for (const form of forms) {
    form.hidden = false;
    form.addEventListener("submit", send);
  }
  for (const words of document.querySelectorAll("[data-without-passkey]")) words.hidden = true;
})();
