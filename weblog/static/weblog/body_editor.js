// Unfold 0.110 makes paragraphs known to Trix as blocks that belong together: as soon as a form
// opens, every run of them becomes one paragraph. Headings are kept apart this way; so are these.
Trix.config.blockAttributes.p.group = false

// What it has no button for, but must not drop from a text that was imported.
for (const tagName of ["code", "small", "sub", "sup"]) {
    Trix.config.textAttributes[`${tagName}Text`] = { tagName, inheritable: true }
}
for (const tagName of ["h5", "h6"]) {
    Trix.config.blockAttributes[tagName] = { ...Trix.config.blockAttributes.heading4, tagName }
}
Trix.config.textAttributes.strike.parser = (element) => Boolean(element.closest("del, s"))

// Under a picture stands what was written there, not the name and size of a file.
Trix.config.attachments.preview.caption = { name: false, size: false }

// It shows pictures without their description. (Set later, it mislays spaces.)
const pictures = Trix.views.PreviewableAttachmentView.prototype
const { updateAttributesForImage } = pictures
pictures.updateAttributesForImage = function (image) {
    image.alt = this.attachment.getAttribute("alt") ?? ""
    updateAttributesForImage.call(this, image)
}

const TOO_LARGE = "The file is larger than 10 MB. Make the picture smaller first."
const NO_ANSWER = "The picture could not be sent. Your text is still here: check the connection and try again."
const REFUSED = "You may not upload pictures, or you are no longer signed in. Your text is still here: sign in again in another tab and try once more."

// The title of a blog is its only heading of the first order. In that button's place: pictures.
document.addEventListener("trix-before-initialize", () => {
    const toolbar = document.getElementById("trix-toolbar")?.content
    const heading = toolbar?.querySelector("[data-trix-attribute=heading1]")
    if (!heading) return
    const button = toolbar.querySelector("[data-trix-attribute=quote]").cloneNode(true)
    button.removeAttribute("data-trix-attribute")
    button.dataset.trixAction = "x-picture"
    button.title = "Add a picture"
    button.firstElementChild.textContent = "add_photo_alternate"
    toolbar.querySelector("[data-trix-button-group=block-tools]").prepend(button)
    heading.remove()
})

document.addEventListener("trix-action-invoke", (event) => {
    if (event.actionName === "x-picture") askForPicture(event.target)
})

// A picture that is dropped or pasted goes the same way: it needs a description, too.
document.addEventListener("trix-file-accept", (event) => {
    event.preventDefault()
    askForPicture(event.target, event.file)
})

// What is pasted or dropped may bring attachments of its own along, with any HTML in them. Only the
// pictures that lie here stay, and of them only what makes a picture.
document.addEventListener("trix-before-paste", ({ paste }) => {
    if (paste.html) paste.html = keepOwnPictures(paste.html)
})

document.addEventListener("trix-attachment-add", ({ attachment }) => {
    if (!isOwnPicture(attachment.getAttributes())) attachment.remove()
})

function keepOwnPictures(html) {
    const pasted = new DOMParser().parseFromString(html, "text/html") // runs and loads nothing
    for (const element of pasted.querySelectorAll("[data-trix-attachment]")) {
        const picture = readPicture(element.dataset.trixAttachment)
        if (isOwnPicture(picture)) {
            element.dataset.trixAttachment = JSON.stringify(picture)
        } else {
            element.remove()
        }
    }
    return pasted.body.innerHTML
}

function readPicture(json) {
    try {
        const { contentType, url, alt, width, height } = JSON.parse(json)
        return { contentType, url, alt, width, height }
    } catch {
        return {}
    }
}

function isOwnPicture({ contentType, content, url }) {
    const { pictures } = document.getElementById("picture-dialog").dataset
    return !content && String(contentType).startsWith("image") && String(url).startsWith(pictures)
}

function askForPicture(editor, file) {
    const template = document.getElementById("picture-dialog")
    const dialog = template.content.firstElementChild.cloneNode(true)
    const [input, description] = dialog.querySelectorAll("input, textarea")
    const submit = dialog.querySelector("[type=submit]")
    if (file) {
        const files = new DataTransfer()
        files.items.add(file)
        input.files = files.files
    }
    dialog.addEventListener("close", () => dialog.remove())
    dialog.querySelector("[value=cancel]").addEventListener("click", () => dialog.close())
    dialog.addEventListener("submit", async (event) => {
        event.preventDefault()
        submit.disabled = true
        const answer = await upload(template.dataset.url, input.files[0], description.value)
        if (answer.error) {
            submit.disabled = false
            return complain(dialog, answer.error)
        }
        const picture = await prepare(answer)
        dialog.close()
        editor.editor.insertAttachment(picture)
        editor.focus()
    })
    document.body.append(dialog)
    dialog.showModal()
    if (file) description.focus()
}

// Trix draws a paragraph anew once a picture in it is loaded, and from then on mislays the spaces
// of what is typed: so it gets the picture when it is there.
async function prepare(answer) {
    const attachment = new Trix.Attachment(answer)
    const image = new Image()
    image.src = answer.url
    await image.decode().catch(() => {})
    return attachment
}

async function upload(url, file, description) {
    if (file.size > 10 * 1024 * 1024) return { error: TOO_LARGE }
    const body = new FormData()
    body.append("file", file)
    body.append("alt_text", description)
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

function complain(dialog, text) {
    const note = dialog.querySelector("[role=alert]")
    note.textContent = text
    note.hidden = false
}
