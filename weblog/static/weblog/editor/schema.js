// What a text may consist of, how it is read and written, and what the editor would lose of it.

// Kept as they came; no button makes them.
const WORDS = ["abbr", "cite", "dfn", "ins", "kbd", "mark", "q", "samp", "small", "time", "var"]
const BLOCKS = ["paragraph", "heading", "bulletList", "orderedList", "listItem", "blockquote", "table", "tableCell", "tableHeader"]
const inert = document.implementation.createHTMLDocument("") // loads no picture and runs nothing

const kept = (name) => ({ default: null, parseHTML: (element) => element.getAttribute(name) })
const ofPicture = (name) => ({
    default: null,
    parseHTML: (figure) => figure.querySelector("img")?.getAttribute(name),
})

export function makeExtensions(prose) {
    const { Extension, Mark, Node } = prose
    const words = WORDS.map((tag) => Mark.create({
        name: tag,
        parseHTML: () => [{ tag }],
        renderHTML: ({ HTMLAttributes }) => [tag, HTMLAttributes, 0],
        addAttributes: () => ({ title: kept("title"), lang: kept("lang"), cite: kept("cite"), datetime: kept("datetime") }),
    }))
    const ofBlocks = Extension.create({
        name: "ofBlocks",
        addGlobalAttributes: () => [
            { types: BLOCKS, attributes: { title: kept("title"), lang: kept("lang") } },
            { types: ["listItem", "link"], attributes: { id: { ...kept("id"), keepOnSplit: false } } }, // ends of notes
            { types: ["listItem", "tableCell", "tableHeader"], attributes: { loose: {
                default: false,
                parseHTML: (element) => Boolean(element.querySelector(":scope > p")),
                renderHTML: ({ loose }) => (loose ? { "data-loose": "" } : {}),
            } } },
        ],
    })
    const ofCells = (more) => ({
        addAttributes() {
            const { colspan, rowspan } = this.parent()
            return { colspan, rowspan, colwidth: { default: null, rendered: false }, align: kept("align"), ...more }
        },
    })
    return [
        prose.Document, prose.Paragraph, prose.Text, prose.HardBreak, prose.Blockquote,
        prose.Bold, prose.Italic, prose.Underline, prose.Strike, prose.Subscript, prose.Superscript,
        prose.Code.extend({ excludes: "" }), ...words,
        prose.Heading, prose.HorizontalRule, prose.BulletList, prose.ListItem,
        prose.OrderedList.extend({
            addNodeView: null,
            addAttributes: () => ({ start: { default: 1, parseHTML: (list) => Number(list.getAttribute("start") ?? 1) } }),
        }),
        prose.CodeBlock.configure({ exitOnTripleEnter: false }), // it would take the empty lines along
        prose.Link.extend({ addKeyboardShortcuts: null }).configure({ autolink: false }),
        prose.Table.extend({ addNodeView: null }), prose.TableRow,
        prose.TableCell.extend(ofCells({})), prose.TableHeader.extend(ofCells({ scope: kept("scope") })),
        prose.Image.configure({ inline: true }), makeFigure(Node), ofBlocks,
        prose.UndoRedo, prose.Dropcursor, prose.Gapcursor, prose.TrailingNode,
    ]
}

// A picture with what is written under it. `pending` names one that is still on its way.
function makeFigure(Node) {
    return Node.create({
        name: "figure",
        group: "block",
        content: "inline*",
        isolating: true,
        draggable: true,
        addAttributes: () => ({
            src: ofPicture("src"), alt: ofPicture("alt"), title: ofPicture("title"),
            width: ofPicture("width"), height: ofPicture("height"),
            pending: { default: null, parseHTML: (figure) => figure.dataset.pending },
        }),
        parseHTML: () => [{
            tag: "figure",
            getAttrs: (figure) => (isPictureAlone(figure) ? {} : false),
            contentElement: (figure) => figure.querySelector("figcaption") ?? inert.createElement("p"),
        }],
        renderHTML: ({ HTMLAttributes }) => ["figure", ["img", HTMLAttributes], ["figcaption", 0]],
        addNodeView: () => ({ node }) => showFigure(node),
        addKeyboardShortcuts() {
            return { Enter: () => goBelow(this.editor) }
        },
    })
}

function isPictureAlone(figure) {
    const [picture, caption, ...others] = figure.children
    const isPicture = picture?.matches("img[src]") || figure.dataset.pending
    return isPicture && !others.length && (!caption || caption.matches("figcaption:not(:has(p, div, ul, ol, img))"))
}

function showFigure(node) {
    const dom = document.createElement("figure")
    const contentDOM = document.createElement("figcaption")
    const picture = document.createElement(node.attrs.src ? "img" : "p")
    const show = ({ attrs }) => {
        if (!attrs.src) return picture.replaceChildren("Fetching the picture …")
        for (const name of ["src", "width", "height"]) if (attrs[name]) picture.setAttribute(name, attrs[name])
        picture.alt = attrs.alt ?? ""
    }
    picture.contentEditable = "false"
    show(node)
    dom.append(picture, contentDOM)
    return {
        dom,
        contentDOM,
        update: (later) => later.type === node.type && Boolean(later.attrs.src) === Boolean(node.attrs.src) && (show(later), true),
        ignoreMutation: (change) => !contentDOM.contains(change.target),
    }
}

// Enter under a picture goes on below it.
function goBelow(editor) {
    const { $from } = editor.state.selection
    if ($from.parent.type.name !== "figure") return false
    const below = $from.after()
    return editor.chain().insertContentAt(below, { type: "paragraph" }).setTextSelection(below + 1).scrollIntoView().run()
}

export function readBody(prose, schema, html) {
    const body = new DOMParser().parseFromString(`<body>${html}</body>`, "text/html").body
    return prose.pm.model.DOMParser.fromSchema(schema).parse(body)
}

// As people write HTML: no paragraph in a cell or an item that needs none, and a head for a table.
export function writeBody(prose, doc) {
    const box = inert.createElement("div")
    const serializer = prose.pm.model.DOMSerializer.fromSchema(doc.type.schema)
    box.append(serializer.serializeFragment(doc.content, { document: inert }))
    for (const element of box.querySelectorAll("li, td, th")) {
        const paragraphs = element.querySelectorAll(":scope > p")
        if (element.dataset.loose === undefined && paragraphs.length === 1) paragraphs[0].replaceWith(...paragraphs[0].childNodes)
        delete element.dataset.loose
    }
    for (const table of box.querySelectorAll("table")) makeHead(table)
    for (const empty of box.querySelectorAll("figcaption:empty, figure:has(> img:not([src]))")) empty.remove()
    while (box.lastElementChild?.matches("p:empty")) box.lastElementChild.remove()
    return box.innerHTML
}

function makeHead(table) {
    const head = inert.createElement("thead")
    const isHead = (row) => row && [...row.cells].every((cell) => cell.localName === "th" && cell.rowSpan === 1)
    while (isHead(table.tBodies[0]?.rows[0])) head.append(table.tBodies[0].rows[0])
    if (!head.rows.length) return
    table.prepend(head)
    if (!table.tBodies[0].rows.length) table.tBodies[0].remove()
}

const SAME = { b: "strong", i: "em", del: "s", strike: "s" }
const PLAIN = ["p", "div", "tbody", "thead", "tr", "span", "a"] // nothing, without attributes
const ENDS = "p, div, h1, h2, h3, h4, h5, h6, ul, ol, li, dl, dt, dd, blockquote, pre, table, tr, td, th, figure, figcaption, br, hr"
const UNSEEN = ["rel", "data-loose", "class"]
const DEFAULTS = ["start=1", "colspan=1", "rowspan=1"]

// Return the tags of `html` that the editor would drop or move, or [] if it would keep all.
export function findLosses(prose, schema, html) {
    const before = list(html)
    const after = list(writeBody(prose, readBody(prose, schema, html)))
    if (before.text === after.text) return []
    const lost = [...before.tags].filter(([tag, times]) => times > (after.tags.get(tag) ?? 0)).map(([tag]) => tag)
    return lost.length ? lost : ["…"]
}

// Every word with all that it stands in, so that two texts can be compared whatever the order.
function list(html) {
    const { body } = new DOMParser().parseFromString(`<body>${html}</body>`, "text/html")
    const tags = new Map()
    const pieces = []
    const name = (element) => {
        const attributes = [...element.attributes]
            .filter(({ name, value }) => value && !UNSEEN.includes(name) && !DEFAULTS.includes(`${name}=${value}`))
        const tag = SAME[element.localName] ?? element.localName
        const isNothing = PLAIN.includes(tag) && !attributes.length
        const isCode = tag === "code" && element.parentElement.localName === "pre"
        return isNothing || isCode ? "" : `${tag}${attributes.map((one) => ` ${one.name}=${one.value}`).sort().join("")}`
    }
    const end = () => {
        if (pieces.at(-1)?.endsWith(" ")) pieces.push(pieces.pop().slice(0, -1))
        if (pieces.length && pieces.at(-1) !== "\n") pieces.push("\n")
    }
    let last = ""
    const walk = (node, around, isCode) => {
        for (const child of node.childNodes) {
            if (child.nodeType === 3) {
                let words = isCode ? child.data : child.data.replace(/[ \t\n\r\f]+/g, " ")
                const before = pieces.at(-1)
                if (!isCode && (!before || /[ \n]$/.test(before))) words = words.replace(/^ /, "")
                if (!words) continue
                if (last !== around) pieces.push((last = around))
                pieces.push(words)
            } else if (child.nodeType === 1) {
                const own = name(child)
                const tag = SAME[child.localName] ?? child.localName
                if (own) tags.set(tag, (tags.get(tag) ?? 0) + 1)
                if (child.matches(ENDS)) end()
                const inside = own ? [...around.split("|"), own].sort().join("|") : around
                if (child.matches("img, hr")) pieces.push(`${inside}`, (last = ""))
                walk(child, inside, isCode || child.localName === "pre")
                if (child.matches(ENDS)) end()
            }
        }
    }
    walk(body, "", false)
    end()
    return { text: pieces.filter(Boolean).join("\u0000"), tags }
}
