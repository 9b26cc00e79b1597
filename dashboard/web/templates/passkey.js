// A passkey is asked for what the form's data-passkey says (WebAuthn options as JSON); the answer goes back in the form.
const form = document.querySelector("form[data-passkey]");
const button = form && form.querySelector("button[data-press]");
const said = document.getElementById("passkey-said");

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const words = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const ids = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

function answered(made) {
  const { response } = made;
  const parts = { clientDataJSON: words(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"])
    if (response[name]) parts[name] = words(response[name]);
  return JSON.stringify({ id: made.id, rawId: words(made.rawId), type: made.type, response: parts, clientExtensionResults: {} });
}

async function press() {
  const asked = JSON.parse(form.dataset.passkey);
  asked.challenge = bytes(asked.challenge);
  asked.excludeCredentials = ids(asked.excludeCredentials);
  asked.allowCredentials = ids(asked.allowCredentials);
  try {
    let made;
    if (asked.user) {
      asked.user.id = bytes(asked.user.id);
      made = await navigator.credentials.create({ publicKey: asked });
    } else {
      made = await navigator.credentials.get({ publicKey: asked });
    }
    form.elements.passkey.value = answered(made);
    form.requestSubmit();
  } catch (error) {
    said.hidden = false;
    said.textContent = error.name === "SecurityError"
      ? "Passkeys work at the address with a name and a padlock only. Use an app here."
      : "No passkey was given. Try again.";
  }
}

if (button && window.PublicKeyCredential) {
  button.hidden = false;
  button.addEventListener("click", press);
}
