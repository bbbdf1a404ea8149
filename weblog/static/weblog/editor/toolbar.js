// The row of buttons: one stop for the Tab key, arrows within it, and each says what it does.

const MOD = /Mac|iP/.test(navigator.platform) ? "⌘" : "Ctrl+"

// [icon, name, key, command, whether it is on]
const GROUPS = [
    [
        ["format_bold", "Bold", "B", (c) => c.toggleBold(), "bold"],
        ["format_italic", "Italic", "I", (c) => c.toggleItalic(), "italic"],
        ["format_strikethrough", "Struck out", "", (c) => c.toggleStrike(), "strike"],
        ["code", "Code in a line", "E", (c) => c.toggleCode(), "code"],
        ["link", "Link", "K", "link", "link"],
    ],
    [
        ["format_h2", "Heading", "", (c) => c.toggleHeading({ level: 2 }), "heading", { level: 2 }],
        ["format_h3", "Smaller heading", "", (c) => c.toggleHeading({ level: 3 }), "heading", { level: 3 }],
        ["format_h4", "Smallest heading", "", (c) => c.toggleHeading({ level: 4 }), "heading", { level: 4 }],
        ["format_quote", "Quote", "", (c) => c.toggleBlockquote(), "blockquote"],
        ["code_blocks", "Lines of code", "", (c) => c.toggleCodeBlock(), "codeBlock"],
    ],
    [
        ["format_list_bulleted", "Bullets", "", (c) => c.toggleBulletList(), "bulletList"],
        ["format_list_numbered", "Numbers", "", (c) => c.toggleOrderedList(), "orderedList"],
        ["format_indent_increase", "Further in", "", (c) => c.sinkListItem("listItem")],
        ["format_indent_decrease", "Further out", "", (c) => c.liftListItem("listItem")],
    ],
    [
        ["add_photo_alternate", "Picture", "", "picture", "figure"],
        ["table", "Table", "", (c) => c.insertTable({ rows: 3, cols: 3, withHeaderRow: true }), "table"],
        ["horizontal_rule", "Line", "", (c) => c.setHorizontalRule()],
    ],
    [
        ["undo", "Undo", "Z", (c) => c.undo()],
        ["redo", "Redo", "Y", (c) => c.redo()],
        ["html", "HTML", "", "source"],
    ],
]
const OF_TABLES = [
    ["add_row_below", "Row below", "", (c) => c.addRowAfter()],
    ["add_column_right", "Column on the right", "", (c) => c.addColumnAfter()],
    ["toolbar", "Head of the table", "", (c) => c.toggleHeaderRow()],
    ["variable_remove", "Remove the row", "", (c) => c.deleteRow()],
    ["splitscreen_vertical_add", "Remove the column", "", (c) => c.deleteColumn()],
    ["delete", "Remove the table", "", (c) => c.deleteTable()],
]

// `own` holds the commands that are more than one of the editor: {link, picture, source}.
export function makeToolbar(editor, own, label) {
    const bar = document.createElement("div")
    bar.setAttribute("role", "toolbar")
    bar.setAttribute("aria-label", label)
    const entries = []
    for (const items of [...GROUPS, OF_TABLES]) {
        const group = document.createElement("div")
        for (const item of items) {
            const entry = makeButton(editor, own, item)
            entries.push({ ...entry, isOfTables: items === OF_TABLES, group })
            group.append(entry.button)
        }
        bar.append(group)
    }
    moveByArrows(bar, editor)
    let isDue = false
    const refresh = () => {
        if (isDue) return
        isDue = true
        requestAnimationFrame(() => {
            isDue = false
            if (!editor.isDestroyed) entries.forEach((entry) => show(editor, bar, entry))
        })
    }
    editor.on("transaction", refresh)
    refresh()
    return { bar, refresh }
}

function makeButton(editor, own, [icon, name, key, command, mark, attributes]) {
    const button = document.createElement("button")
    button.type = "button"
    button.tabIndex = -1
    button.title = key ? `${name} (${MOD}${key})` : name
    button.setAttribute("aria-label", name)
    if (key) button.setAttribute("aria-keyshortcuts", `${MOD === "⌘" ? "Meta" : "Control"}+${key}`)
    const image = document.createElement("span")
    image.className = "material-symbols-outlined"
    image.setAttribute("aria-hidden", "true")
    image.textContent = icon
    button.append(image)
    button.addEventListener("mousedown", (event) => event.preventDefault()) // the text keeps its selection
    button.addEventListener("click", () => {
        if (button.ariaDisabled === "true") return
        if (typeof command === "string") own[command](button)
        else {
            editor.view.focus()
            command(editor.chain()).scrollIntoView().run()
        }
    })
    return { button, command, mark, attributes }
}

function show(editor, bar, { button, command, mark, attributes, isOfTables, group }) {
    const isSource = bar.dataset.source !== undefined
    if (isOfTables) group.hidden = isSource || !editor.isActive("table")
    if (group.hidden) return
    const can = command === "source" || (!isSource && (typeof command === "string" || command(editor.can().chain()).run()))
    button.ariaDisabled = String(!can)
    if (command === "source") button.ariaPressed = String(isSource)
    else if (mark) button.ariaPressed = String(editor.isActive(mark, attributes))
}

function moveByArrows(bar, editor) {
    const list = () => [...bar.querySelectorAll("button")].filter((button) => !button.parentElement.hidden)
    list()[0].tabIndex = 0
    bar.addEventListener("focusin", ({ target }) => {
        for (const button of bar.querySelectorAll("button")) button.tabIndex = button === target ? 0 : -1
    })
    bar.addEventListener("keydown", (event) => {
        const buttons = list()
        const place = buttons.indexOf(document.activeElement)
        const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: buttons.length - 1 }[event.key]
        if (event.key === "Escape") editor.view.focus()
        if (to === undefined) return
        event.preventDefault()
        buttons[(to + buttons.length) % buttons.length].focus()
    })
}
