// Pictures: the dialog that asks for one, and how one gets here.

const TOO_LARGE = "The file is larger than 10 MB. Make the picture smaller first."
const NO_ANSWER = "The picture could not be sent. Your text is still here: check the connection and try again."
const NOT_LISTED = "The library does not answer. Your text is still here: check the connection, or sign in again in another tab."
const REFUSED = "You may not upload pictures, or you are no longer signed in. Your text is still here: sign in again in another tab and try once more."

const template = () => document.getElementById("picture-dialog")

// Return the path of a picture that lies here, or "".
export function findOwn(address) {
    try {
        const { origin, pathname } = new URL(address, location.origin)
        return origin === location.origin && pathname.startsWith(template().dataset.pictures) ? pathname : ""
    } catch {
        return ""
    }
}

// Resolve to {id, url, alt, width, height}, to {remove: true}, or to null if nothing is chosen.
// `given` may hold a file, the address of a picture elsewhere, or the `picture` to describe anew;
// for one that leads a text, the library is open from the start.
export function askForPicture({ file, address, picture, isLead } = {}) {
    const dialog = template().content.firstElementChild.cloneNode(true)
    const part = (name) => dialog.querySelector(`[data-part=${name}]`)
    const [input, words] = [part("file"), part("description")]
    input.hasChangeListener = true // the theme's would write its name into another field
    if (file) input.files = listOf(file)
    words.value = picture?.alt ?? ""
    input.required = !picture && !address
    part("upload").hidden = Boolean(picture || address)
    part("remove").hidden = !picture
    part("switch").hidden = Boolean(file || picture || address)
    part("submit").textContent = picture ? "Save the description" : "Add picture"
    if (address) tell(part("from"), `From ${new URL(address).host}`)
    return new Promise((resolve) => {
        let answer = null
        dialog.addEventListener("close", () => {
            dialog.remove()
            resolve(answer)
        })
        const close = (value) => {
            answer = value
            dialog.close()
        }
        part("cancel").addEventListener("click", () => close(null))
        part("remove").addEventListener("click", () => close({ remove: true }))
        const switchTo = makeLibrary(part, close)
        part("switch").addEventListener("click", () => switchTo(part("library").hidden))
        dialog.addEventListener("submit", async (event) => {
            event.preventDefault()
            if (picture) return close({ ...picture, alt: words.value })
            part("submit").disabled = true
            const got = address ? await fetchPicture(address, words.value) : await upload(input.files[0], words.value)
            part("submit").disabled = false
            if (got.error) tell(part("problem"), got.error)
            else close(got)
        })
        document.body.append(dialog)
        dialog.showModal()
        if (file || address || picture) words.focus()
        if (isLead) switchTo(true)
    })
}

// Those that are here already, with the texts that show them. Return what opens and closes it.
function makeLibrary(part, close) {
    let asked = 0
    const show = async (from) => {
        const own = (asked += 1)
        const query = new URLSearchParams({ q: part("search").value, from })
        const answer = await get(`${template().dataset.library}?${query}`)
        if (own !== asked) return // something else is searched for by now
        if (answer.error) return tell(part("problem"), answer.error)
        if (!from) part("list").replaceChildren()
        part("list").append(...answer.pictures.map((picture) => makeEntry(picture, close)))
        part("more").hidden = !answer.more
        const number = part("list").children.length
        const nothing = part("search").value.trim() ? "No picture is described so." : "There is no picture yet. Add the first one."
        part("found").textContent = number ? `${number}${answer.more ? " and more" : ""}, the newest first` : nothing
    }
    let due
    part("search").addEventListener("input", () => {
        clearTimeout(due)
        due = setTimeout(() => show(0), 250)
    })
    part("search").addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault())
    part("more").addEventListener("click", () => show(part("list").children.length))
    return (isOpen) => {
        for (const name of ["upload", "described", "submit"]) part(name).hidden = isOpen
        part("library").hidden = !isOpen
        part("file").required = part("description").required = !isOpen
        part("switch").textContent = isOpen ? "Add a new one" : "Choose from the library"
        part(isOpen ? "search" : "file").focus()
        if (isOpen) show(0)
    }
}

function makeEntry(picture, close) {
    const item = document.createElement("li")
    const button = document.createElement("button")
    const image = document.createElement("img")
    const uses = document.createElement("small")
    button.type = "button"
    Object.assign(image, { src: picture.url, alt: "", loading: "lazy" })
    uses.textContent = picture.used.length ? `Used in: ${picture.used.join(", ")}` : "Not used yet"
    button.append(image, picture.alt, uses)
    button.addEventListener("click", () => close(picture))
    item.append(button)
    return item
}

function tell(note, text) {
    note.textContent = text
    note.hidden = false
}

function listOf(file) {
    const files = new DataTransfer()
    files.items.add(file)
    return files.files
}

export function upload(file, description) {
    if (file.size > 10 * 1024 * 1024) return { error: TOO_LARGE }
    return send(template().dataset.url, { file, alt_text: description })
}

export function fetchPicture(address, description) {
    return send(template().dataset.fetch, { address, alt_text: description })
}

async function get(url) {
    try {
        const response = await fetch(url, { redirect: "manual" })
        return response.status === 200 ? await response.json() : { error: NOT_LISTED }
    } catch {
        return { error: NOT_LISTED }
    }
}

async function send(url, values) {
    const body = new FormData()
    for (const [name, value] of Object.entries(values)) body.append(name, value)
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value
    try {
        const response = await fetch(url, {
            method: "POST", body, headers: { "X-CSRFToken": token }, redirect: "manual",
        })
        if (response.status !== 200 && response.status !== 400) return { error: REFUSED }
        return await response.json()
    } catch {
        return { error: NO_ANSWER }
    }
}
