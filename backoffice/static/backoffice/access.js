// For the keyboard and for screen readers: what the theme (django-unfold 0.110) leaves out.

// Names of the icons that stand alone for what they do.
const ICON_NAMES = {
    dock_to_right: "Show or hide the sidebar",
    close: "Close",
    arrow_back: "Back",
    unfold_more: "Your account",
    search: "Search",
    more_vert: "More about what is chosen",
    more_horiz: "More to do here",
}
const OPERABLE = "a[href], button, input, select, textarea, summary, label, [tabindex]"
const CLICKABLE = ":is(div, span, h2, h3, a:not([href]))"

function nameIcons(part) {
    for (const icon of part.querySelectorAll(".material-symbols-outlined:not([aria-hidden])")) {
        const drawn = icon.textContent.trim() // the name of the drawing
        const name = ICON_NAMES[drawn] ?? drawn.replaceAll("_", " ")
        const owner = icon.closest(`${OPERABLE}, [role=button]`)
        const isAlone = owner && owner.textContent.trim() === drawn
        if (isAlone && !owner.ariaLabel && (name || owner.title)) owner.ariaLabel = owner.title || name
        if (owner !== icon) icon.ariaHidden = "true"
    }
}

// What answers a click answers Enter and the space bar too.
function reachByKeyboard(part) {
    for (const each of part.querySelectorAll(CLICKABLE)) {
        if (!each.hasAttribute("x-on:click") || each.matches(OPERABLE)) continue
        if (each.id === "changelist-filter-close" || each.querySelector(OPERABLE)) continue
        each.tabIndex = 0
        each.role = "button"
        each.addEventListener("keydown", (event) => {
            if (event.target !== each || (event.key !== "Enter" && event.key !== " ")) return
            event.preventDefault()
            each.click()
        })
    }
}

// On a phone each row is a card: its cells say of which column they are.
function labelCells(part) {
    for (const list of part.querySelectorAll("#result_list")) {
        const labels = [...list.querySelectorAll("thead th")].map((head) => head.querySelector("a, span")?.textContent.trim())
        for (const row of list.querySelectorAll("tr.data-row")) {
            for (const [place, cell] of [...row.children].entries()) {
                if (labels[place] && cell.localName === "td") cell.dataset.label = labels[place]
                if (["", "-"].includes(cell.textContent.trim()) && !cell.childElementCount) cell.dataset.empty = ""
            }
        }
    }
}

// A tooltip is no name.
function nameFields(part) {
    for (const field of part.querySelectorAll(":is(input, select, textarea)[title]:not([aria-label])")) {
        if (!field.labels?.length) field.ariaLabel = field.title
    }
}

// What can be scrolled to the side can be scrolled by keyboard.
function reachScrolled() {
    for (const box of document.querySelectorAll(".bo-panel, .bl-wide, .overflow-x-auto")) {
        if (box.scrollWidth <= box.clientWidth || box.hasAttribute("tabindex")) continue
        box.tabIndex = 0
        box.role = "region"
        box.ariaLabel = box.querySelector("h2, caption")?.textContent.trim() || "Table"
    }
}
addEventListener("load", () => {
    reachScrolled()
    for (const mark of document.querySelectorAll(".help-tooltip[aria-label]")) mark.role = "img"
})
addEventListener("resize", reachScrolled)

function namePlaces() {
    document.getElementById("nav-sidebar-inner")?.setAttribute("aria-label", "Rooms")
    for (const link of document.querySelectorAll("#nav-sidebar a.active")) link.ariaCurrent = "page"
    for (const icon of document.querySelectorAll(".sortoptions a[title]")) icon.ariaLabel = icon.title
    const search = document.getElementById("search-input-command")
    if (search) {
        search.ariaLabel ??= "Search"
        const palette = search.closest("[x-data]")
        Object.assign(palette, { role: "dialog", ariaModal: "true", ariaLabel: "Search" })
    }
}

// Dialogs: the first field has the focus, then what opened them; words typed in them are kept.
const KEPT_FIELDS = ":is(input, textarea, select):not([type=password], [type=hidden], [type=file])"
const kept = new Map() // by the address of the dialog, until the page is left
let opener = null
let isDone = false // the next page is on its way

// A day or a time that is half typed has no value: it would be sent as if the field were empty.
addEventListener(
    "submit",
    (event) => {
        const half = [...event.target.elements].find((field) => field.validity?.badInput)
        if (!half) return
        event.preventDefault()
        event.stopImmediatePropagation()
        half.reportValidity()
        half.focus()
    },
    true,
)

const dialogForm = () => document.querySelector("#modal-content form[hx-post]")
const isTyped = (field) =>
    field.type === "checkbox" || field.type === "radio"
        ? field.checked !== field.defaultChecked
        : field.localName === "select"
          ? [...field.options].some((option) => option.selected !== option.defaultSelected)
          : field.value !== field.defaultValue

function readTyped() {
    const fields = dialogForm()?.querySelectorAll(KEPT_FIELDS) ?? []
    return [...fields].filter(isTyped).map(({ name, value, checked }) => ({ name, value, checked }))
}

function fillAgain(form) {
    const typed = kept.get(form.getAttribute("hx-post")) ?? []
    for (const { name, value, checked } of typed) {
        for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
            if (field.type === "radio" || field.type === "checkbox") {
                if (field.value === value) field.checked = checked
            } else field.value = value
        }
    }
    if (!typed.length) return
    const note = document.createElement("p")
    note.className = "bo-note bo-info"
    note.role = "status"
    note.textContent = "What you typed here before is back."
    form.querySelector("#dialog-form")?.prepend(note)
}

function nameDialog() {
    const dialog = document.getElementById("modal-content")
    const title = dialog.querySelector("h1")
    if (!title) return
    title.id ||= "dialog-title"
    dialog.setAttribute("aria-labelledby", title.id)
}

function focusDialog() {
    const fields = document.querySelectorAll(`#modal-content ${KEPT_FIELDS}, #modal-content [type=password]`)
    const first = [...fields].find((field) => field.checkVisibility())
    ;(first ?? document.getElementById("modal-content")).focus()
}

document.addEventListener("dialog-opened", () => {
    nameDialog()
    setTimeout(focusDialog, 60) // Alpine's trap is set by then
})
document.addEventListener("dialog-closed", () => {
    const form = dialogForm()
    if (form) kept.set(form.getAttribute("hx-post"), readTyped())
    setTimeout(() => opener?.isConnected && opener.focus(), 60)
})
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.target.id === "modal-content") opener = document.activeElement
})
document.addEventListener("htmx:afterSwap", ({ detail }) => {
    improve(detail.target)
    if (detail.target.id === "modal-content" && dialogForm()) fillAgain(dialogForm())
})
document.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
    if (detail.xhr.getResponseHeader("HX-Redirect")) isDone = true
})
window.addEventListener("beforeunload", (event) => {
    const isOpen = document.getElementById("modal-content")?.checkVisibility()
    if (isOpen && !isDone && readTyped().length) event.preventDefault()
})
document.addEventListener("click", (event) => {
    if (event.target.closest?.('#dialog a[href="#"]')) event.preventDefault()
})

function improve(part) {
    reachByKeyboard(part)
    nameIcons(part)
    nameFields(part)
    labelCells(part)
}
document.addEventListener("DOMContentLoaded", () => {
    improve(document)
    namePlaces()
})
