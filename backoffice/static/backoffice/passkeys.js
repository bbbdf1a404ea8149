// A button with data-passkey asks the browser for a passkey (“create” makes one), by the options in
// data-options, puts the answer into the field of its form called “credential” and sends the form.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-passkey]");
  if (!button) return;
  event.preventDefault();
  const form = button.closest("form");
  const note = form.querySelector("[data-passkey-note]");
  const { publicKey } = JSON.parse(button.dataset.options);
  note.hidden = true;
  try {
    const credential =
      button.dataset.passkey === "create"
        ? await navigator.credentials.create({
            publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey),
          })
        : await navigator.credentials.get({
            publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey),
          });
    form.elements.credential.value = JSON.stringify(credential.toJSON());
    // Of a form with several buttons, the one that the key Enter presses says which step it is.
    form.requestSubmit(form.querySelector("input[type=submit][hidden]"));
  } catch {
    note.hidden = false;
  }
});
