// What is copied from Word, Google Docs, LibreOffice or a page of the web, as a text of the house:
// lists are lists, headings begin at the second order, notes keep their links, styling goes.

const HEADINGS = "h1, h2, h3, h4, h5, h6"
const BLOCK = "p, li, h1, h2, h3, h4, h5, h6, td, th, div, blockquote"
const REMARKS = ".MsoCommentReference, a.msocomanchor, [style*='mso-element:comment' i]" // Word's, for who edits
const NUMBERED = /^[([]?(?:\d+|[a-z]|[ivxlc]+)[.)\]]/i

// Return { html, pictures: Map of a name to {address, description}, refused: number }.
export function tidy(html, isOwnPicture) {
    const { body } = new DOMParser().parseFromString(html, "text/html") // runs and loads nothing
    const all = (selector) => body.querySelectorAll(selector)
    for (const element of all("iframe, video, audio")) linkMedium(element)
    for (const element of all(REMARKS)) element.remove()
    for (const element of all("script, style, template, button, iframe, object, svg, math, form input, select, textarea, meta, link, title, xml, nav, li[role=checkbox] > img")) element.remove()
    for (const element of all("[style*='display:none' i], [style*='display: none' i], [hidden]")) element.remove()
    for (const element of all("b[style*='font-weight:normal' i], b[style*='font-weight: normal' i]")) unwrap(element) // Docs
    keepNotes(body)
    makeLists(body)
    for (const list of all(":is(ul, ol) > :is(ul, ol), li > :is(ul, ol):only-child")) if (isBare(list)) nest(list)
    makeCode(body)
    lowerHeadings(body)
    for (const end of all("span.EOP")) end.remove() // the sign for the end of a paragraph, as a space
    for (const element of all("[class], [title='']")) {
        element.removeAttribute("class")
        if (!element.title) element.removeAttribute("title")
    }
    for (const element of all("a u, a [style*='underline' i]")) {
        if (element.localName === "u") unwrap(element)
        else element.removeAttribute("style")
    }
    for (const link of all("a[href^='https://www.google.com/url?']")) link.href = new URL(link.href).searchParams.get("q") ?? link.href
    const found = takePictures(body, isOwnPicture)
    for (const element of all("p, br")) if (isBetweenBlocks(element)) element.remove()
    for (const cell of all("li, td, th")) {
        const paragraphs = cell.querySelectorAll(":scope > p, :scope > div")
        if (paragraphs.length === 1) unwrap(paragraphs[0])
    }
    return { html: body.innerHTML, ...found }
}

// What plays in a page is a link in a text.
function linkMedium(element) {
    const address = element.getAttribute("src") ?? element.querySelector("source")?.getAttribute("src") ?? ""
    if (!/^https?:/i.test(address)) return element.remove()
    const link = element.ownerDocument.createElement("a")
    link.href = address
    link.textContent = element.title || address
    const place = element.closest("p, li, td, th, h1, h2, h3, h4, h5, h6") ? link : element.ownerDocument.createElement("p")
    if (place !== link) place.append(link)
    element.replaceWith(place)
}

function unwrap(element) {
    element.replaceWith(...element.childNodes)
}

function replace(element, tag, attributes = {}) {
    const other = element.ownerDocument.createElement(tag)
    for (const [name, value] of Object.entries(attributes)) other.setAttribute(name, value)
    other.append(...element.childNodes)
    element.replaceWith(other)
    return other
}

// A link within what was copied leads to its other end, under a name that no other paste has.
function keepNotes(body) {
    const paste = crypto.getRandomValues(new Uint32Array(1))[0].toString(16)
    const names = new Map()
    for (const link of body.querySelectorAll("a[href*='#']")) {
        const address = link.getAttribute("href")
        const name = decode(address.slice(address.indexOf("#") + 1))
        const quoted = CSS.escape(name)
        const target = name && body.querySelector(`#${quoted}, a[name='${quoted}']`)
        if (!target) {
            if (/^(#|file:)/i.test(address)) unwrap(link)
            continue
        }
        if (!names.has(target)) names.set(target, `fn-${paste}-${names.size + 1}`)
        link.setAttribute("href", `#${names.get(target)}`)
        const words = link.textContent.trim()
        if (/^\[?[\divxlc*†‡]{1,6}\]?$/i.test(words) && !link.closest("sup") && !link.querySelector("sup")) {
            if (link !== link.closest(BLOCK)?.firstElementChild?.closest("a") || link.previousSibling) raise(link)
        }
    }
    for (const element of body.querySelectorAll("[id], [name]")) {
        element.removeAttribute("id")
        element.removeAttribute("name")
    }
    for (const [target, name] of names) {
        const holder = [target, target.querySelector("a[href], li"), target.closest("a[href], li")].find((one) => one?.matches("a[href], li"))
        if (holder && !holder.id) holder.id = name
        else for (const link of body.querySelectorAll(`a[href='#${name}']`)) holder ? link.setAttribute("href", `#${holder.id}`) : unwrap(link)
    }
    for (const line of body.querySelectorAll("hr[align=left][size='1'], br[clear=all]")) line.remove() // Word's, above notes
}

// An older page may name its places in another encoding.
function decode(name) {
    try {
        return decodeURIComponent(name)
    } catch {
        return name
    }
}

function raise(link) {
    const sup = link.ownerDocument.createElement("sup")
    link.replaceWith(sup)
    sup.append(link)
}

// Word has paragraphs with a level and the sign as text; its web version a list for each item.
function makeLists(body) {
    for (const item of body.querySelectorAll("[style*='mso-list' i]")) {
        const level = /mso-list:[^;]*level(\d)/i.exec(item.getAttribute("style"))
        if (!level || !item.matches("p, h1, h2, h3, h4, h5, h6, li") || item.closest("ul, ol")) continue
        const sign = item.querySelector("[style*='mso-list:Ignore' i]")
        if (item.matches(HEADINGS)) {
            if (sign) sign.replaceWith(`${sign.textContent.trim()} `)
            continue
        }
        const text = sign?.textContent.trim() ?? ""
        sign?.remove()
        add(item, Number(level[1]), NUMBERED.test(text) ? "ol" : "ul", parseInt(text.replace(/\D/g, "")) || 1)
    }
    for (const list of body.querySelectorAll(".ListContainerWrapper > :is(ul, ol)")) {
        const wrapper = list.parentElement
        wrapper.replaceWith(list)
        for (const item of [...list.children]) {
            list.before(item)
            add(item, Number(item.dataset.ariaLevel ?? item.getAttribute("aria-level") ?? 1), list.localName, list.start ?? 1)
        }
        list.remove()
    }
}

// Put `item` at the end of the list before it, as deep as its level says.
function add(item, level, tag, start) {
    let list = item.previousElementSibling
    const page = item.ownerDocument
    if (!list?.dataset.made || hasText(list, item) || (level === 1 && list.localName !== tag)) {
        list = page.createElement(tag)
        list.dataset.made = tag
        if (tag === "ol" && start > 1) list.setAttribute("start", start)
        item.before(list)
    }
    for (let depth = 1; depth < level; depth++) {
        const last = list.lastElementChild ?? list.appendChild(page.createElement("li"))
        let inner = last.lastElementChild
        if (!inner?.dataset.made || (depth === level - 1 && inner.localName !== tag)) {
            inner = page.createElement(tag)
            inner.dataset.made = tag
            last.append(inner)
        }
        list = inner
    }
    const own = replace(item, "li", item.id ? { id: item.id } : {})
    list.append(own)
}

function hasText(before, after) {
    for (let node = before.nextSibling; node && node !== after; node = node.nextSibling) if (node.textContent.trim() && node.nodeType === 3) return true
    return false
}

const isBare = (list) => list.parentElement.localName !== "li" || list.parentElement.textContent.trim() === list.textContent.trim()

// Docs puts a list beside the item that it belongs to, others into an item of its own.
function nest(list) {
    const own = list.parentElement.localName === "li" ? list.parentElement : list
    const item = own.previousElementSibling
    if (item?.localName === "li") item.append(list)
    else list.replaceWith(...list.childNodes) // further in than anything: nothing to belong to
    if (own === list) return
    if (item?.localName === "li") own.remove()
    else unwrap(own)
}

// An editor of programs gives a line for each division.
function makeCode(body) {
    for (const box of body.querySelectorAll("div[style*='white-space: pre' i], div[style*='white-space:pre' i]")) {
        if (!/monospace|consolas|menlo|courier/i.test(box.getAttribute("style"))) continue
        const lines = [...box.children].map((line) => line.textContent)
        const code = replace(box, "pre")
        code.textContent = lines.length ? lines.join("\n") : code.textContent
    }
    for (const code of body.querySelectorAll("pre")) {
        for (const end of code.querySelectorAll("br")) end.replaceWith("\n")
        code.textContent = code.textContent.replace(/\n$/, "")
    }
}

// The title of a blog is its only heading of the first order.
function lowerHeadings(body) {
    for (const title of body.querySelectorAll("p.MsoTitle")) replace(title, "h1")
    const headings = [...body.querySelectorAll(HEADINGS)]
    const orders = [...new Set(headings.map((heading) => heading.localName))].sort()
    for (const heading of headings) {
        for (const bold of heading.querySelectorAll("b, strong, [style*='font-weight' i]")) unwrap(bold)
        const order = Math.min(orders.indexOf(heading.localName) + 2, 6)
        if (orders[0] === "h1") replace(heading, `h${order}`, heading.id ? { id: heading.id } : {})
    }
}

// Those that lie here stay. Those from elsewhere get a place, until they are here.
function takePictures(body, isOwnPicture) {
    const pictures = new Map()
    let refused = 0
    for (const image of body.querySelectorAll("img")) {
        const own = isOwnPicture(image.getAttribute("src") ?? "")
        if (own) {
            image.setAttribute("src", own)
            continue
        }
        const address = [image.getAttribute("src"), image.dataset.src].find((one) => /^(https?:|data:image\/(png|jpeg|webp);base64,)/i.test(one ?? "") && URL.canParse(one))
        if (image.width === 1 || image.height === 1) image.remove() // counts readers
        else if (!address) {
            refused += 1
            image.remove()
        } else {
            const name = `picture-${crypto.randomUUID()}`
            pictures.set(name, { address, description: image.alt.trim() })
            const figure = image.closest("figure")
            const place = body.ownerDocument.createElement("figure")
            place.dataset.pending = name
            place.append(body.ownerDocument.createElement("span"))
            const caption = figure?.querySelector("figcaption")
            if (caption) place.append(caption)
            ;(figure ?? image.closest("picture") ?? image).replaceWith(place)
        }
    }
    return { pictures, refused }
}

function isBetweenBlocks(element) {
    if (element.matches("p")) return !element.textContent.trim() && !element.querySelector("img, figure")
    return !element.closest("p, li, h1, h2, h3, h4, h5, h6, td, th, pre, figcaption") && Boolean(element.previousElementSibling?.matches("p, h2, h3, h4, h5, h6, ul, ol, table, div, pre, blockquote, figure, hr"))
}
