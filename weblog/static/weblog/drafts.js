// What is typed in the form of a text is kept in this browser until it is saved: after a crash, a
// lost connection or the end of a sign-in it is offered again, on the same form and to the same
// person. It is encrypted with a key that only this person's own pages carry, so that nobody else
// who uses the browser reads it. Each open form has a slot of its own.
{
    const STORE = "texts"
    const DAYS = 30
    const SAVED = /(?:^|; )((?:__Host-)?saved-drafts)=([^;]*)/
    const NOT_KEPT = ["csrfmiddlewaretoken", "draft"]
    const canKeep = Boolean(window.isSecureContext && window.indexedDB && crypto.subtle)

    // The store

    let opened
    const open = () => (opened ??= new Promise((resolve, reject) => {
        const asked = indexedDB.open("typed", 1)
        asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "slot" })
        asked.onsuccess = () => resolve(asked.result)
        asked.onerror = () => reject(asked.error)
    }))

    async function inStore(mode, act) {
        const database = await open()
        return new Promise((resolve, reject) => {
            const change = database.transaction(STORE, mode, { durability: "strict" })
            const asked = act(change.objectStore(STORE))
            change.oncomplete = () => resolve(asked?.result)
            change.onerror = change.onabort = () => reject(change.error)
        })
    }

    const put = (kept) => inStore("readwrite", (store) => store.put(kept))
    const drop = (slot) => inStore("readwrite", (store) => store.delete(slot))
    const list = () => inStore("readonly", (store) => store.getAll())

    async function dropSavedAndOld() {
        const [, name, slots] = document.cookie.match(SAVED) ?? []
        for (const slot of (slots ?? "").split(".")) if (slot) await drop(slot)
        if (name) {
            const secure = name.startsWith("__Host-") ? "; secure" : ""
            document.cookie = `${name}=; path=/; max-age=0; samesite=lax${secure}`
        }
        const oldest = Date.now() - DAYS * 86_400_000
        for (const kept of await list()) if (kept.at < oldest) await drop(kept.slot)
    }

    // Only the person's own pages can read it

    const decode = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
    const importKey = (text) => crypto.subtle.importKey("raw", decode(text), "AES-GCM", false, ["encrypt", "decrypt"])

    async function encrypt(key, fields) {
        const iv = crypto.getRandomValues(new Uint8Array(12))
        const bytes = new TextEncoder().encode(JSON.stringify(fields))
        return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, bytes) }
    }

    async function decrypt(keys, { iv, data }) {
        for (const key of keys) {
            try {
                const bytes = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, data)
                return JSON.parse(new TextDecoder().decode(bytes))
            } catch { /* of another key */ }
        }
        return null
    }

    // The form

    function readForm(form) {
        const fields = {}
        for (const element of form.elements) {
            const { name, type } = element
            if (!name || name.startsWith("_") || NOT_KEPT.includes(name)) continue
            if (["file", "submit", "button", "fieldset"].includes(type)) continue
            if (element.options) {
                fields[name] = [...element.selectedOptions].filter((option) => option.value)
                    .map((option) => [option.value, option.text.trim()])
            } else if (type !== "checkbox" && type !== "radio") {
                fields[name] = element.value
            } else if (element.checked) {
                fields[name] = element.value
            }
        }
        return fields
    }

    function fillForm(form, fields) {
        for (const [name, value] of Object.entries(fields)) {
            const element = form.elements[name]
            if (!element) continue
            if (element.options) choose(element, value)
            else if (element.dataset.editor) element.dispatchEvent(new CustomEvent("body:replace", { detail: { html: value } }))
            else if (element.value !== value) {
                element.value = value
                element.dispatchEvent(new Event("input", { bubbles: true }))
            }
        }
    }

    function choose(select, chosen) {
        for (const [value, text] of chosen) {
            if (![...select.options].some((option) => option.value === value)) select.add(new Option(text, value))
        }
        const values = chosen.map(([value]) => value)
        for (const option of select.options) option.selected = values.includes(option.value)
        if (!values.length && !select.multiple) select.value = ""
        select.dispatchEvent(new Event("change", { bubbles: true }))
        window.django?.jQuery(select).trigger("change") // its box is drawn by jQuery
    }

    const isSame = (one, other) => {
        const [a, b] = [one, other].map(({ version, ...fields }) => JSON.stringify(fields))
        return a === b
    }

    // Keeping it

    class Keeper {
        constructor(form, key, owner) {
            Object.assign(this, { form, key, owner, slot: crypto.randomUUID(), isTouched: false, isKept: false })
            this.first = readForm(form)
            this.last = JSON.stringify(this.first)
            const slot = Object.assign(document.createElement("input"), { type: "hidden", name: "draft", value: this.slot })
            form.append(slot)
            navigator.locks?.request(this.slot, () => new Promise(() => {})) // says that its window is open
            for (const event of ["input", "change", "keydown", "paste", "drop", "pointerdown"]) {
                form.addEventListener(event, ({ isTrusted }) => {
                    this.isTouched ||= isTrusted
                    setTimeout(() => this.look())
                }, true)
            }
            form.addEventListener("submit", () => this.look({ sent: true }))
            addEventListener("pagehide", () => this.look())
            setInterval(() => this.look(), 1_000) // some fields change without an event
        }

        look({ sent = false } = {}) {
            const fields = readForm(this.form)
            if (!this.isTouched) { // what editors do to a form as it opens was typed by nobody
                this.first = fields
                this.last = JSON.stringify(fields)
                return
            }
            const now = JSON.stringify(fields)
            if (now === this.last && !sent) return
            this.last = now
            this.next = { fields, sent }
            this.writing ??= this.write()
        }

        /** Write the newest state, and again if another one has come up meanwhile. */
        async write() {
            try {
                while (this.next) {
                    const { fields, sent } = this.next
                    this.next = null
                    if (isSame(fields, this.first)) await drop(this.slot)
                    else {
                        const { slot, owner } = this
                        await put({ slot, owner, at: Date.now(), sent, ...(await encrypt(this.key, fields)) })
                    }
                }
            } catch (error) {
                note(["This browser can’t keep what you type here", `: save often. (${error?.name ?? error})`])
            } finally {
                this.writing = null
            }
        }

        async takeOver(kept) {
            this.isTouched = true
            fillForm(this.form, kept.fields)
            this.look()
            await this.writing
            await drop(kept.slot)
        }
    }

    // Offering it again

    function note([strong, text], buttons = []) {
        const box = document.createElement("div")
        box.className = "bo-note bo-info wl-kept"
        box.setAttribute("role", "status")
        const words = document.createElement("p")
        const heading = document.createElement("strong")
        heading.textContent = strong
        words.append(heading, text)
        box.append(words)
        const row = document.createElement("p")
        row.className = "wl-kept-buttons"
        for (const [name, act] of buttons) {
            const button = document.createElement("button")
            button.type = "button"
            button.textContent = name
            button.addEventListener("click", async () => { await act(); box.remove() })
            row.append(button)
        }
        if (buttons.length) box.append(row)
        document.getElementById("typed-draft").append(box)
    }

    const countWords = (html) => new DOMParser().parseFromString(html ?? "", "text/html").body.textContent.match(/\S+/g)?.length ?? 0

    function describe(kept) {
        const when = new Date(kept.at).toLocaleString([], { dateStyle: "long", timeStyle: "short" })
        const title = kept.fields.title ? `“${kept.fields.title}”, ` : ""
        return `: ${title}${countWords(kept.fields.body)} words, last typed on ${when}.`
    }

    async function offer(keeper, keys) {
        const held = (await navigator.locks?.query())?.held?.map(({ name }) => name) ?? []
        const found = []
        for (const kept of await list()) {
            if (kept.owner !== keeper.owner || kept.slot === keeper.slot || held.includes(kept.slot)) continue
            const fields = await decrypt(keys, kept)
            if (!fields) continue
            if (isSame(fields, keeper.first)) await drop(kept.slot)
            else found.push({ ...kept, fields })
        }
        found.sort((one, other) => other.at - one.at)
        const lost = found.find(({ sent, fields }) => sent && fields.version === keeper.first.version)
        if (lost && !document.querySelector(".errornote") && !keeper.isTouched) {
            await keeper.takeOver(lost)
            note(["You pressed a button, but your text did not arrive", ". It is back in the form, and not saved yet: save it now."])
        }
        for (const kept of found.filter((each) => each !== lost)) {
            const later = kept.fields.version === keeper.first.version ? "" : " Somebody has saved this text since: saving shows you both."
            note(["This browser kept a text that was not saved", describe(kept) + later], [
                ["Put it back", () => keeper.takeOver(kept)],
                ["Throw it away", () => drop(kept.slot)],
            ])
        }
    }

    async function begin() {
        const place = document.getElementById("typed-draft")
        if (!canKeep) return place && note(["This browser keeps nothing of what you type", ", because the connection is not secure: save often."])
        if (!place) return dropSavedAndOld()
        const keys = await Promise.all(place.dataset.keys.split(" ").map(importKey))
        const keeper = new Keeper(place.closest("form"), keys[0], place.dataset.owner)
        await dropSavedAndOld()
        await offer(keeper, keys)
    }

    if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin)
    else begin()
}
