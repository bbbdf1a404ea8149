// The editor of a blog's text, around the field that is sent.
//
// What others may build on: the field (a hidden textarea) holds the HTML at all times, and gives
// an `input` event whenever it changes. A text that nobody changed, or that was changed back, is
// there byte for byte as it came. Another text is put in by
//     field.dispatchEvent(new CustomEvent("body:replace", { detail: { html } }))
// from DOMContentLoaded on, also while the editor is still loading. `body:ready` follows on the
// field once somebody can write.

for (const field of document.querySelectorAll("textarea[data-editor]")) start(field)

async function start(field) {
    const replace = ({ detail: { html } }) => {
        field.value = html
        field.dispatchEvent(new Event("input", { bubbles: true }))
    }
    field.addEventListener("body:replace", replace)
    try {
        const names = JSON.parse(field.dataset.editor)
        const paths = ["prose", "schema", "toolbar", "links", "paste", "pictures"].map((name) => import(names[name]))
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
        this.box = parts.make("div", { className: "wl-editor" })
        this.top = parts.make("div", { className: "wl-editor-top" })
        this.notes = parts.make("div", { role: "alert" })
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
                // Where a key moved the caret to counts at once, also for who types the next one faster
                // than the browser says so.
                handleDOMEvents: { keyup: (view) => !view.composing && view.domObserver.flush() },
                handlePaste: (view, event) => this.takeFiles(event.clipboardData),
                handleDrop: (view, event, slice, isMoved) => !isMoved && this.takeFiles(event.dataTransfer, view.posAtCoords({ left: event.clientX, top: event.clientY })?.pos),
                handleKeyDown: (view, event) => this.pressKey(event),
                handleClickOn: (view, place, node, nodePlace, event) => event.target.localName === "img" && node.type.name === "figure" && this.editor.commands.setNodeSelection(nodePlace),
            },
            onUpdate: () => this.write(),
        })
        const own = { link: () => this.links.open(), picture: () => this.addPicture(), source: () => this.toggleSource() }
        const { bar, refresh } = parts.makeToolbar(this.editor, own, `${this.label.textContent.trim()}: form`)
        Object.assign(this, { bar, refresh })
        this.links = new parts.LinkRow(this.editor, this.top, field.id, (text) => this.say(text))
        this.top.append(bar, this.links.row, this.notes)
        this.box.prepend(this.top)
        this.box.append(field)
        this.label.addEventListener("click", (event) => {
            if (this.isSource) return
            event.preventDefault()
            this.editor.view.focus()
        })
        field.addEventListener("body:replace", ({ detail: { html } }) => {
            field.value = html
            this.open()
            field.dispatchEvent(new Event("input", { bubbles: true }))
        })
        for (const name of ["submit", "weblog:step"]) { // steps.js: a button above the form
            field.form.addEventListener(name, (event) => this.waitForPictures(event), true)
        }
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
        if (this.coming.size) return this.sayToWait()
        if (!this.isSource) return this.showSource("")
        this.notes.replaceChildren()
        this.open()
        if (!this.isSource) this.editor.view.focus()
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
        const { make } = this.parts
        const note = make("p", { className: "bo-note bo-danger" }, `${text} `)
        const close = make("button", { type: "button", ariaLabel: "Close this note" }, "×")
        close.addEventListener("click", () => note.remove())
        note.append(close)
        this.notes.append(note)
    }

    pressKey(event) {
        const isMod = event.ctrlKey || event.metaKey
        if (isMod && !event.altKey && event.key.toLowerCase() === "k") this.links.open()
        else if (event.altKey && event.key === "F10") this.bar.querySelector("[tabindex='0']").focus()
        else return false
        event.preventDefault()
        return true
    }

    // Pictures
    async addPicture() {
        const { node, from } = this.editor.state.selection
        const old = node?.attrs.src ? { ...node.attrs } : null
        const answer = await this.parts.askForPicture(old ? { picture: old } : {})
        this.editor.view.focus()
        if (answer?.remove) this.editor.chain().focus().setNodeSelection(from).deleteSelection().run()
        else if (old && answer) this.editor.chain().focus().setNodeSelection(from).updateAttributes(node.type.name, { alt: answer.alt }).run()
        else if (answer) this.insertPicture(answer)
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
        const files = [...(data?.files ?? [])]
        const words = new DOMParser().parseFromString(data?.getData("text/html") ?? "", "text/html").body.textContent.trim()
        if (!files.length || words) return false
        const pictures = files.filter((file) => file.type.startsWith("image/"))
        if (pictures.length < files.length) this.say("Only pictures can be put into a text. Nothing else was added.")
        this.askForEach(pictures, place)
        return true // or the browser would leave the page, to show the file
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
            const { address } = this.coming.get(key)
            const from = address.startsWith("data:") ? "the pasted text" : new URL(address).host
            const isThere = findFigure(this.editor.state.doc, (node) => node.attrs.pending === key) >= 0
            if (isThere) this.arrive(key, await this.fetchOne(this.coming.get(key)), from)
            this.coming.delete(key)
        }
    }

    async fetchOne({ address, description }) {
        const { parts } = this
        try {
            const file = address.startsWith("data:") ? toFile(address) : undefined
            if (!description) return (await parts.askForPicture(file ? { file } : { address })) ?? { error: "It was left out." }
            return await (file ? parts.upload(file, description) : parts.fetchPicture(address, description))
        } catch {
            return { error: "It is damaged." } // or no button would save the text any more
        }
    }

    arrive(key, { error, url, alt, width, height }, from) {
        const { state, view } = this.editor
        const place = findFigure(state.doc, (node) => node.attrs.pending === key)
        if (place < 0) return
        if (error) {
            this.say(`The picture from ${from} is not in your text. ${error}`)
            const { nodeSize, content } = state.doc.nodeAt(place)
            const caption = content.size ? state.schema.nodes.paragraph.create(null, content) : []
            return view.dispatch(state.tr.replaceWith(place, place + nodeSize, caption))
        }
        const attrs = { src: url, alt, width: String(width), height: String(height), pending: null }
        view.dispatch(state.tr.setNodeMarkup(place, null, attrs).setMeta("addToHistory", false))
    }

    waitForPictures(event) {
        if (!this.coming.size) return
        event.preventDefault()
        event.stopImmediatePropagation()
        this.sayToWait()
    }

    sayToWait() {
        this.say("Pictures are still on their way. Wait a moment, then press the button again.")
    }
}

function name(tags) {
    return tags.map((tag) => (tag === "…" ? "how it is put together" : `<${tag}>`)).join(", ")
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
