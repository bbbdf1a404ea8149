// A button above the form of a text does not leave behind what is typed in the form: it sends it
// along, as “typed-…”, when its dialog opens and when the dialog is confirmed. The server saves both
// together, or says why not; then the form still holds every word (weblog/admin/typed.py).
{
    const findForm = () => document.getElementById("blog_form") ?? document.getElementById("newtext_form")

    document.addEventListener("htmx:configRequest", ({ detail }) => {
        const form = findForm()
        if (!form?.elements.version) return
        const opens = detail.elt.matches("[hx-get][hx-target='#modal-content']")
        if (!opens && !detail.elt.closest("#dialog")) return
        if (opens) {
            detail.verb = "post" // too long for an address; it changes nothing
            detail.useUrlParams = false
            detail.headers["Content-Type"] = "application/x-www-form-urlencoded"
        }
        for (const [name, value] of new FormData(form)) {
            if (name === "csrfmiddlewaretoken") detail.parameters[name] = value
            else if (typeof value === "string") detail.formData.append(`typed-${name}`, value)
        }
    })

    // The step is taken and all is saved: the page may be left without a question.
    document.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
        if (detail.xhr.getResponseHeader("HX-Redirect")) removeEventListener("beforeunload", window.preventLeaving)
    })

    // No answer, or the sign-in is over: the dialog says so, and nothing on the page is touched.
    const NO_ANSWER = "The server did not answer, so nothing was done. Your text is still here. Check the connection, and press the button again."
    const SIGNED_OUT = "You are signed out, so nothing was done. Your text is still here. Sign in again in another window, come back, and press the button again."

    document.addEventListener("htmx:beforeSwap", (event) => {
        const { xhr, target } = event.detail
        if (!findForm() || !target.closest("#modal-content, #dialog")) return
        if (!xhr.responseText.includes('id="dialog')) {
            event.preventDefault()
            tell(xhr.responseURL.includes("/login/") || xhr.status === 403 ? SIGNED_OUT : NO_ANSWER)
        }
    })
    document.addEventListener("htmx:sendError", () => findForm() && tell(NO_ANSWER))

    function tell(text) {
        const dialog = document.getElementById("dialog-form")
        const place = dialog ?? document.getElementById("typed-draft")
        place?.querySelector("[data-no-answer]")?.remove()
        const note = document.createElement("div")
        note.className = "bo-note bo-danger"
        note.dataset.noAnswer = ""
        note.setAttribute("role", "alert")
        note.textContent = text
        place?.prepend(note)
    }
}
