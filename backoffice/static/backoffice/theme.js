// The theme's scripts under a policy without 'unsafe-eval'.
//
// Alpine's own build for such a policy stands in for the one that Unfold brings along
// (static/unfold/js/alpine/alpine.js). It reads single expressions, and nothing of the window or
// the document. These few of Unfold's (0.110) are more than that, and are said in other words here.
const REWORDED = {
    "`width: ${sidebarWidth}px`": "'width: ' + sidebarWidth + 'px'",
    "if (!$event.target.closest('a')) { rowOpen = !rowOpen }":
        "$event.target.closest('a') || (rowOpen = !rowOpen)",
    "if (!$event.target.closest('a')) { openUserLinks = !openUserLinks }":
        "$event.target.closest('a') || (openUserLinks = !openUserLinks)",
    "activeTab && activeTab !== 'general' ? window.location.pathname + window.location.search + '#' + activeTab : window.location.pathname + window.location.search":
        "$addressOf(activeTab)",
    "if (resizing) { sidebarWidth = Math.min(max, Math.max(min, getComputedStyle($el).direction === 'rtl' ? document.getElementById('nav-sidebar').getBoundingClientRect().right - $event.clientX : $event.clientX)); localStorage.setItem('sidebarWidth', sidebarWidth); }":
        "resizing && (sidebarWidth = $widthAt($event.clientX, min, max))",
}
for (const kept of [true, false]) {
    REWORDED[`if (!$event.metaKey && !$event.ctrlKey) selectItem(${kept}, false)`] =
        `$event.metaKey || $event.ctrlKey || selectItem(${kept}, false)`
}

const NIGHT = matchMedia("(prefers-color-scheme: dark)")

document.addEventListener("alpine:init", () => {
    // What Unfold's attributes call lies on the window, where this build does not look.
    Alpine.data("theme", (...options) => {
        const stock = theme(...options)
        return {
            ...stock,
            getCurrentTab: () => getCurrentTab(),
            moveRecords: (event) => moveRecords(event),
            sortRecords: (event) => sortRecords(event),

            // As shipped, a page stays light when the device turns dark, until the next page.
            isNight: NIGHT.matches,
            init() {
                stock.init.call(this)
                NIGHT.addEventListener("change", () => (this.isNight = NIGHT.matches))
                this.$watch("openModal", (isOpen) => // access.js listens
                    document.dispatchEvent(new Event(isOpen ? "dialog-opened" : "dialog-closed")))
            },
            themeBindings: {
                ...stock.themeBindings,
                ["x-bind:class"]() {
                    const asDevice = this.isNight ? "dark" : ""
                    return this.adminTheme === "auto" ? asDevice : this.adminTheme
                },
            },
        }
    })
    Alpine.data("searchCommand", () => searchCommand())

    Alpine.mapAttributes(({ name, value }) => ({ name, value: REWORDED[value] ?? value }))
    Alpine.magic("addressOf", (form) => (tab) => {
        const { pathname, search } = window.location
        form.dataset.action ??= form.getAttribute("action") ?? "" // before it is bound to this
        const address = form.dataset.action || pathname + search
        return address + (tab && tab !== "general" ? `#${tab}` : "")
    })
    Alpine.magic("widthAt", () => (clientX, min, max) => {
        const width = Math.min(max, Math.max(min, clientX))
        localStorage.setItem("sidebarWidth", width)
        return width
    })
})

// Paper is white.
addEventListener("beforeprint", () => document.documentElement.classList.remove("dark"))
addEventListener("afterprint", () => {
    const look = Alpine.$data(document.documentElement)
    const isDark = look.adminTheme === "dark" || (look.adminTheme === "auto" && look.isNight)
    document.documentElement.classList.toggle("dark", isDark)
})

// No attribute may hold a script for htmx either.
htmx.config.allowEval = false

// Select2 names its fields by what is chosen in them, and those for several choices by nothing.
function nameChoices() {
    for (const box of document.querySelectorAll(".select2-container")) {
        const label = box.previousElementSibling?.labels?.[0]
        if (!label) continue
        box.querySelector("input.select2-search__field")?.setAttribute("aria-label", label.textContent.trim())
        const shown = box.querySelector(".select2-selection__rendered[role=textbox]")
        for (const name of ["role", "aria-readonly"]) shown?.removeAttribute(name) // nobody types there
        const choice = box.querySelector("[role=combobox][aria-labelledby]")
        label.id ||= `${label.htmlFor}-label`
        choice?.setAttribute("aria-labelledby", `${label.id} ${choice.getAttribute("aria-labelledby")}`)
    }
}
// jQuery calls, in their order and in turns of its own, those who wait: the makers of the fields first.
document.addEventListener("htmx:afterSettle", () => setTimeout(nameChoices, 100))
window.addEventListener("load", () => window.django?.jQuery?.(() => setTimeout(nameChoices)))
