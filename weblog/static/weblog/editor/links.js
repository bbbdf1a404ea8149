// Where a link leads. The row belongs to the buttons, so that it covers none of the text.

const PLAIN_LINK = /^(https?:\/\/[^\s/]|mailto:|tel:|\/|#)/i
const WRONG = "A link leads to an address such as https://example.org, to mail@example.org, or to a page of this house, such as /about/."

export function make(tag, { role, ...values } = {}, text = "") {
    const element = Object.assign(document.createElement(tag), values)
    if (role) element.setAttribute("role", role)
    if (text) element.textContent = text
    return element
}

export class LinkRow {
    constructor(editor, top, id, complain) {
        Object.assign(this, { editor, top, complain })
        this.row = make("div", { role: "group", ariaLabel: "Link", className: "wl-link", hidden: true })
        this.address = make("input", { id: `${id}-link`, type: "text", inputMode: "url", autocomplete: "off" })
        const button = (text, action) => {
            const one = make("button", { type: "button" }, text)
            one.addEventListener("click", action)
            return one
        }
        this.remove = button("Remove the link", () => this.set(""))
        this.row.append(make("label", { htmlFor: this.address.id }, "Leads to"), this.address)
        this.row.append(button("Set the link", () => this.set()), this.remove, button("Cancel", () => this.close()))
        for (const kind of ["input", "change"]) this.row.addEventListener(kind, (event) => event.stopPropagation()) // no change of the text
        this.row.addEventListener("keydown", (event) => {
            if (event.key === "Escape") this.close()
            if (event.key !== "Enter" || event.target !== this.address) return
            event.preventDefault() // it would send the form
            if (!event.repeat) this.set()
        })
    }

    open() {
        const { editor } = this
        if (!editor.can().setMark("link") && !editor.isActive("link")) return
        this.row.hidden = false
        this.address.value = editor.getAttributes("link").href ?? ""
        this.remove.hidden = !editor.isActive("link")
        this.address.focus()
        this.address.select()
        const covered = this.top.getBoundingClientRect().bottom - editor.view.coordsAtPos(editor.state.selection.from).top
        if (covered > 0) scrollBy(0, -covered - 8)
    }

    close() {
        this.row.hidden = true
        this.editor.view.focus()
    }

    set(typed = this.address.value.trim()) {
        const { editor } = this
        const href = complete(typed)
        if (typed && !href) return this.complain(WRONG)
        const { empty } = editor.state.selection
        const chain = editor.chain()
        if (editor.isActive("link")) chain.extendMarkRange("link")
        if (!typed) chain.unsetLink()
        else if (empty && !editor.isActive("link")) chain.insertContent({ type: "text", text: typed, marks: [{ type: "link", attrs: { href } }] })
        else chain.setMark("link", { href })
        this.row.hidden = true
        editor.view.focus()
        // What is typed next goes on behind the link, and does not take the place of its words.
        chain.command(({ tr, commands }) => commands.setTextSelection(tr.selection.to)).unsetMark("link").run()
    }
}

// Return an address as a link needs it, or "" for one that leads nowhere.
function complete(typed) {
    if (PLAIN_LINK.test(typed)) return typed
    if (/^[^\s@/:]+@[^\s@/:]+\.[^\s@/:]+$/.test(typed)) return `mailto:${typed}`
    if (/^[^\s/:.]+(\.[^\s/:.]+)+(:\d+)?([/?#]\S*)?$/.test(typed)) return `https://${typed}`
    return ""
}
