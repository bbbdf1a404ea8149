// Pictures: the dialog that asks for one, and how one gets here.

const TOO_LARGE = "The file is larger than 10 MB. Make the picture smaller first."
const NO_ANSWER = "The picture could not be sent. Your text is still here: check the connection and try again."
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

// Resolve to {url, alt, width, height}, to {remove: true}, or to null if nothing is chosen.
// `given` may hold a file, the address of a picture elsewhere, or the `picture` to describe anew.
export function askForPicture({ file, address, description = "", picture } = {}) {
    const dialog = template().content.firstElementChild.cloneNode(true)
    const part = (name) => dialog.querySelector(`[data-part=${name}]`)
    const [input, words] = [part("file"), part("description")]
    input.hasChangeListener = true // the theme's would write its name into another field
    if (file) input.files = listOf(file)
    words.value = description || picture?.alt || ""
    input.required = !picture && !address
    part("upload").hidden = Boolean(picture || address)
    part("remove").hidden = !picture
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
    })
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
