// The editor of a blog's text, around the field that is sent.
//
// What others may build on: the field (a hidden textarea) holds the HTML at all times, and gives
// an `input` event whenever it changes. A text that nobody changed, or that was changed back, is
// there byte for byte as it came. Another text is put in by
//     field.dispatchEvent(new CustomEvent("body:replace", { detail: { html } }))
// from DOMContentLoaded on, also while the editor is still loading. `body:ready` follows on the
// field once somebody can write.

const PLAIN_LINK = /^(https?:\/\/|mailto:|tel:|\/|#)/i

for (const field of document.querySelectorAll("textarea[data-editor]")) start(field)

async function start(field) {
    const replace = ({ detail: { html } }) => {
        field.value = html
        field.dispatchEvent(new Event("input", { bubbles: true }))
    }
    field.addEventListener("body:replace", replace)
    try {
        const names = JSON.parse(field.dataset.editor)
        const paths = ["prose", "schema", "toolbar", "paste", "pictures"].map((name) => import(names[name]))
        const [prose, ...parts] = await Promise.all(paths)
        new BodyEditor(field, prose, Object.assign({}, ...parts))
        field.removeEventListener("body:replace", replace)
        field.dispatchEvent(new CustomEvent("body:ready", { bubbles: true }))
    } finally {
        field.dataset.started = "" // shown as HTML, if the editor is not there
    }
}

class BodyEditor {
    constructor(field, prose, parts) {
        Object.assign(this, { field, prose, parts, coming: new Map() })
        this.label = field.labels[0]
        this.label.id ||= `${field.id}-label`
        this.box = make("div", { className: "wl-editor" })
        this.top = make("div", { className: "wl-editor-top" })
        this.notes = make("div", { role: "alert" })
        const isTyping = document.activeElement === field // somebody did not wait for the editor
        field.before(this.box)
        this.editor = new prose.Editor({
            element: this.box,
            extensions: parts.makeExtensions(prose),
            enableInputRules: false,
            enablePasteRules: false,
            editorProps: {
                scrollThreshold: { top: 60, bottom: 90, left: 0, right: 0 }, // what stays in view above and below
                scrollMargin: { top: 80, bottom: 110, left: 0, right: 0 },
                attributes: this.describe(),
                transformPastedHTML: (html) => this.tidy(html),
                handlePaste: (view, event) => this.takeFiles(event.clipboardData),
                handleDrop: (view, event, slice, isMoved) => !isMoved && this.takeFiles(event.dataTransfer, view.posAtCoords({ left: event.clientX, top: event.clientY })?.pos),
                handleKeyDown: (view, event) => this.pressKey(event),
                handleClickOn: (view, place, node, nodePlace, event) => event.target.localName === "img" && node.type.name === "figure" && this.editor.commands.setNodeSelection(nodePlace),
            },
            onUpdate: () => this.write(),
        })
        const own = { link: () => this.openLink(), picture: () => this.addPicture(), source: () => this.toggleSource() }
        const { bar, refresh } = parts.makeToolbar(this.editor, own, `${this.label.textContent.trim()}: form`)
        Object.assign(this, { bar, refresh })
        this.top.append(bar, this.makeLinkRow(), this.notes)
        this.box.prepend(this.top)
        this.box.append(field)
        this.label.addEventListener("click", (event) => {
            if (this.isSource) return
            event.preventDefault()
            this.editor.commands.focus()
        })
        field.addEventListener("body:replace", ({ detail: { html } }) => {
            field.value = html
            this.open()
            field.dispatchEvent(new Event("input", { bubbles: true }))
        })
        field.form.addEventListener("submit", (event) => this.waitForPictures(event), true)
        if (isTyping) this.showSource("")
        else this.open()
    }

    describe() {
        const described = this.field.getAttribute("aria-describedby")
        return {
            role: "textbox", "aria-multiline": "true", "aria-labelledby": this.label.id,
            ...(described ? { "aria-describedby": described } : {}),
            ...(this.field.getAttribute("aria-invalid") ? { "aria-invalid": "true" } : {}),
        }
    }

    // Show what the field holds: as HTML, if the editor would lose any of it.
    open() {
        const { parts, prose, editor, field } = this
        const losses = parts.findLosses(prose, editor.schema, field.value)
        if (losses.length) return this.showSource(`This text is shown as HTML: the editor would lose ${name(losses)}.`)
        this.setSource(false)
        const doc = parts.readBody(prose, editor.schema, field.value)
        editor.chain().setMeta("addToHistory", false).setContent(doc, { emitUpdate: false }).setTextSelection(0).run()
        this.came = { value: field.value, written: parts.writeBody(prose, editor.state.doc) }
    }

    write() {
        const { came, field } = this
        const written = this.parts.writeBody(this.prose, this.editor.state.doc)
        const value = written === came.written ? came.value : written
        if (value === field.value) return
        field.value = value
        field.dispatchEvent(new Event("input", { bubbles: true }))
    }

    toggleSource() {
        if (!this.isSource) return this.showSource("")
        this.notes.replaceChildren()
        this.open()
        if (!this.isSource) this.editor.commands.focus()
    }

    showSource(reason) {
        this.setSource(true)
        this.notes.replaceChildren()
        if (reason) this.say(reason)
        else this.field.focus()
    }

    setSource(isSource) {
        this.isSource = isSource
        this.box.toggleAttribute("data-source", isSource)
        this.bar.toggleAttribute("data-source", isSource)
        this.refresh()
    }

    say(text) {
        const note = make("p", { className: "bo-note bo-danger" }, `${text} `)
        const close = make("button", { type: "button", ariaLabel: "Close this note" }, "×")
        close.addEventListener("click", () => note.remove())
        note.append(close)
        this.notes.append(note)
    }

    pressKey(event) {
        const isMod = event.ctrlKey || event.metaKey
        if (isMod && !event.altKey && event.key.toLowerCase() === "k") this.openLink()
        else if (event.altKey && event.key === "F10") this.bar.querySelector("[tabindex='0']").focus()
        else return false
        event.preventDefault()
        return true
    }

    // Links. The row belongs to the buttons, so that it covers none of the text.
    makeLinkRow() {
        this.row = make("div", { role: "group", ariaLabel: "Link", className: "wl-link", hidden: true })
        const id = `${this.field.id}-link`
        this.address = make("input", { id, type: "text", inputMode: "url", autocomplete: "off" })
        const button = (text, action) => {
            const one = make("button", { type: "button" }, text)
            one.addEventListener("click", action)
            return one
        }
        this.unlink = button("Remove the link", () => this.setLink(""))
        this.row.append(make("label", { htmlFor: id }, "Leads to"), this.address, button("Set the link", () => this.setLink()), this.unlink, button("Cancel", () => this.closeLink()))
        this.row.addEventListener("input", (event) => event.stopPropagation()) // no change of the text
        this.row.addEventListener("change", (event) => event.stopPropagation())
        this.row.addEventListener("keydown", (event) => {
            if (event.key === "Escape") this.closeLink()
            if (event.key !== "Enter" || event.target !== this.address) return
            event.preventDefault() // it would send the form
            if (!event.repeat) this.setLink()
        })
        return this.row
    }

    openLink() {
        if (this.isSource) return
        this.row.hidden = false
        this.address.value = this.editor.getAttributes("link").href ?? ""
        this.unlink.hidden = !this.editor.isActive("link")
        this.address.focus()
        this.address.select()
        const { view, state } = this.editor
        const covered = this.top.getBoundingClientRect().bottom - view.coordsAtPos(state.selection.from).top
        if (covered > 0) scrollBy(0, -covered - 8)
    }

    closeLink() {
        this.row.hidden = true
        this.editor.commands.focus()
    }

    setLink(typed = this.address.value.trim()) {
        const { editor } = this
        const chain = editor.chain().focus().extendMarkRange("link")
        if (!typed) chain.unsetLink()
        else {
            const href = complete(typed)
            if (!href) return this.say("A link leads to an address such as https://example.org, to mail@example.org, or to a page of this house, such as /about/.")
            if (editor.state.selection.empty && !editor.isActive("link")) chain.insertContent({ type: "text", text: typed, marks: [{ type: "link", attrs: { href } }] })
            else chain.setLink({ href })
        }
        this.row.hidden = true
        // What is typed next goes on behind the link, and does not take its words' place.
        chain.command(({ tr, commands }) => commands.setTextSelection(tr.selection.to)).unsetMark("link").run()
    }

    // Pictures
    async addPicture() {
        const { node, from } = this.editor.state.selection
        const old = node?.attrs.src ? { ...node.attrs } : null
        const answer = await this.parts.askForPicture(old ? { picture: old } : {})
        if (answer?.remove) this.editor.chain().focus().setNodeSelection(from).deleteSelection().run()
        else if (old && answer) this.editor.chain().focus().setNodeSelection(from).updateAttributes(node.type.name, { alt: answer.alt }).run()
        else if (answer) this.insertPicture(answer)
        else this.editor.commands.focus()
    }

    insertPicture({ url, alt, width, height }, place = this.editor.state.selection.to) {
        const attrs = { src: url, alt, width: String(width), height: String(height) }
        const figure = { type: "figure", attrs }
        const chain = this.editor.chain().focus()
        const { $to, empty } = this.editor.state.selection
        const isEmptyLine = empty && $to.depth && !$to.parent.content.size && place === $to.pos && $to.parent.type.name === "paragraph"
        if (isEmptyLine) chain.insertContent(figure)
        else chain.insertContentAt(endOfBlock(this.editor, place), figure)
        chain.command(({ tr, commands, state }) => {
            const at = findFigure(tr.doc, (one) => one.attrs.src === url)
            const below = at + tr.doc.nodeAt(at).nodeSize
            if (!tr.doc.nodeAt(below)?.isTextblock) tr.insert(below, state.schema.nodes.paragraph.create())
            return commands.setTextSelection(below + 1)
        }).scrollIntoView().run()
    }

    takeFiles(data, place) {
        const files = [...(data?.files ?? [])].filter((file) => file.type.startsWith("image/"))
        const words = new DOMParser().parseFromString(data?.getData("text/html") ?? "", "text/html").body.textContent.trim()
        if (!files.length || words) return false
        this.askForEach(files, place)
        return true
    }

    async askForEach(files, place) {
        for (const file of files) {
            const picture = await this.parts.askForPicture({ file })
            if (picture) this.insertPicture(picture, place)
        }
    }

    // What was copied elsewhere; its pictures come after it.
    tidy(html) {
        const { html: tidied, pictures, refused } = this.parts.tidy(html, this.parts.findOwn)
        if (refused) this.say(`${refused === 1 ? "A picture was" : `${refused} pictures were`} not copied along: the program keeps them to itself. Save them as files, and add them here.`)
        for (const [key, picture] of pictures) this.coming.set(key, picture)
        if (pictures.size) setTimeout(() => this.fetchAll([...pictures.keys()]))
        return tidied
    }

    async fetchAll(keys) {
        for (const key of keys) {
            const { address, description } = this.coming.get(key)
            const file = address.startsWith("data:") ? toFile(address) : undefined
            let answer = null
            if (description && file) answer = await this.parts.upload(file, description)
            else if (description) answer = await this.parts.fetchPicture(address, description)
            else answer = (await this.parts.askForPicture(file ? { file } : { address })) ?? { error: "It was left out." }
            this.arrive(key, answer, file ? "the pasted text" : new URL(address).host)
            this.coming.delete(key)
        }
    }

    arrive(key, { error, url, alt, width, height }, from) {
        const { state, view } = this.editor
        const place = findFigure(state.doc, (node) => node.attrs.pending === key)
        if (place < 0) return
        if (error) {
            this.say(`The picture from ${from} is not in your text. ${error}`)
            return view.dispatch(state.tr.delete(place, place + state.doc.nodeAt(place).nodeSize))
        }
        const attrs = { src: url, alt, width: String(width), height: String(height), pending: null }
        view.dispatch(state.tr.setNodeMarkup(place, null, attrs).setMeta("addToHistory", false))
    }

    waitForPictures(event) {
        if (!this.coming.size) return
        event.preventDefault()
        event.stopImmediatePropagation()
        this.say("Pictures are still on their way. Wait a moment, then press the button again.")
    }
}

function make(tag, { role, ...values } = {}, text = "") {
    const element = Object.assign(document.createElement(tag), values)
    if (role) element.setAttribute("role", role)
    if (text) element.textContent = text
    return element
}

function name(tags) {
    return tags.map((tag) => (tag === "…" ? "how it is put together" : `<${tag}>`)).join(", ")
}

// Return an address as a link needs it, or "" for one that leads nowhere.
function complete(typed) {
    if (PLAIN_LINK.test(typed)) return typed
    if (/^[^\s@/:]+@[^\s@/:]+\.[^\s@/:]+$/.test(typed)) return `mailto:${typed}`
    if (/^[^\s/:.]+(\.[^\s/:.]+)+(:\d+)?([/?#]\S*)?$/.test(typed)) return `https://${typed}`
    return ""
}

function findFigure(doc, isIt) {
    let found = -1
    doc.descendants((node, place) => {
        if (found < 0 && node.type.name === "figure" && isIt(node)) found = place
        return found < 0
    })
    return found
}

function endOfBlock(editor, place) {
    const at = editor.state.doc.resolve(place)
    for (let depth = at.depth; depth > 0; depth--) {
        const holder = at.node(depth - 1).type.name
        if (["doc", "blockquote", "listItem", "tableCell", "tableHeader"].includes(holder)) return at.after(depth)
    }
    return place
}

function toFile(address) {
    const [head, content] = address.split(",", 2)
    const bytes = Uint8Array.from(atob(content), (letter) => letter.codePointAt(0))
    const type = head.slice(5, head.indexOf(";"))
    return new File([bytes], `picture.${type.slice(6)}`, { type })
}
