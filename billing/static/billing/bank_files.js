// Files to the bank: one that was just made is downloaded at once, and a long making shows that it goes on.
document.addEventListener("DOMContentLoaded", () => {
  const made = document.querySelector("[data-download-at-once] form");
  if (made) {
    // Without the mark in the address: a reload downloads nothing again.
    history.replaceState(null, "", `${location.pathname}${location.hash}`);
    made.requestSubmit();
  }
  document.querySelector("form[data-file-form]")?.addEventListener("submit", (event) => {
    event.target.querySelector("[data-file-progress]").hidden = false;
    event.target.querySelector("button[type=submit]").disabled = true;
  });
});
