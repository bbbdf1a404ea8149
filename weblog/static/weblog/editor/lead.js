// The lead picture, chosen in the dialog of pictures. The list that it stands for stays in the form,
// unseen: it holds what is chosen, and gives a `change` event when that changes.

for (const box of document.querySelectorAll(".wl-lead")) start(box)

async function start(box) {
    const { askForPicture } = await import(box.dataset.pictures)
    const part = (name) => box.querySelector(`[data-part=${name}]`)
    const list = box.querySelector("select")
    const label = list.labels[0]
    const show = () => {
        const { text, value, dataset } = list.selectedOptions[0] ?? list.options[0]
        part("picture").hidden = !dataset.url
        if (dataset.url) part("picture").src = dataset.url
        part("words").textContent = text
        part("none").hidden = !value
    }
    const set = (value) => {
        list.value = value
        list.dispatchEvent(new Event("change", { bubbles: true }))
    }
    list.addEventListener("change", show)
    part("none").addEventListener("click", () => {
        set("")
        part("choose").focus()
    })
    part("choose").addEventListener("click", async () => {
        const picture = await askForPicture({ isLead: true })
        part("choose").focus()
        if (!picture) return
        const value = String(picture.id)
        const option = [...list.options].find((one) => one.value === value) ?? new Option(picture.alt, value)
        option.dataset.url = picture.url
        list.add(option)
        set(value)
    })
    label.id ||= `${list.id}-label`
    label.addEventListener("click", () => part("choose").focus())
    part("chosen").setAttribute("aria-labelledby", label.id)
    show()
    list.parentElement.hidden = true
    part("chosen").hidden = false
}
