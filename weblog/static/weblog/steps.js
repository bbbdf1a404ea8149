// A button above the form of a text does not leave behind what is typed in the form: it sends it
// along, as “typed-…”, when its dialog opens and when the dialog is confirmed. The server saves both
// together, or says why not; then the form still holds every word (weblog/admin/typed.py).
{
    const findForm = () => document.getElementById("blog_form") ?? document.getElementById("newtext_form")

    document.addEventListener("htmx:configRequest", (event) => {
        const { detail } = event
        const form = findForm()
        if (!form?.elements.version) return
        const opens = detail.elt.matches("[hx-get][hx-target='#modal-content']")
        if (!opens && !detail.elt.closest("#dialog")) return
        const isReady = form.dispatchEvent(new Event("weblog:step", { cancelable: true }))
        if (!isReady) return event.preventDefault() // pictures are on their way; the editor says so
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
    const AGAIN = "You signed in again meanwhile, so nothing was done yet. Your text is still here: press the button once more."

    document.addEventListener("htmx:beforeSwap", (event) => {
        const { xhr, target } = event.detail
        if (!findForm() || !target.closest("#modal-content, #dialog")) return
        if (xhr.responseText.includes('name="_form_submitted"')) return
        event.preventDefault() // or what is typed in the dialog would be lost
        const answer = new DOMParser().parseFromString(xhr.responseText, "text/html")
        const refusal = answer.querySelector("#dialog-form p")?.textContent
        if (xhr.responseURL.includes("/login/")) tell(SIGNED_OUT)
        else if (refusal) renewToken().then((isNew) => {
            const button = event.detail.requestConfig.elt
            if (isNew && button.matches("[hx-get]")) button.click() // opening changes nothing
            else tell(isNew ? AGAIN : refusal)
        })
        else tell(NO_ANSWER)
    })
    document.addEventListener("htmx:sendError", () => findForm() && tell(NO_ANSWER))
    document.addEventListener("htmx:responseError", () => findForm() && tell(NO_ANSWER))

    /** Take over the token of a new sign-in. Return whether this page had an old one. */
    async function renewToken() {
        const response = await fetch(location.href).catch(() => null)
        const page = new DOMParser().parseFromString((await response?.text()) ?? "", "text/html")
        const token = page.querySelector("form[method=post] [name=csrfmiddlewaretoken]")?.value
        if (!token || response.url.includes("/login/")) return false
        for (const input of document.querySelectorAll("[name=csrfmiddlewaretoken]")) input.value = token
        return true
    }

    function tell(text) {
        const note = document.createElement("div")
        note.className = "bo-note bo-danger"
        note.dataset.noAnswer = ""
        note.setAttribute("role", "alert")
        note.textContent = text
        document.querySelectorAll("[data-no-answer]").forEach((former) => former.remove())
        const place = document.getElementById("dialog-form") ?? document.getElementById("typed-draft")
        place?.prepend(note)
        note.scrollIntoView({ block: "nearest" })
    }

    // A dialog that was refused before it opened has nothing to show: the theme opens it all the same.
    document.addEventListener("htmx:afterOnLoad", ({ detail }) => {
        const content = document.getElementById("modal-content")
        if (detail.target !== content || detail.xhr.responseText.includes('id="dialog"')) return
        content.replaceChildren()
        setTimeout(() => dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" })))
    })
}
