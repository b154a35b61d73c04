// What a page owes everybody, told by the page itself: each fault is one line. Widths are those of the window.
({
  faults() {
    const found = [];
    const all = (selector) => [...document.querySelectorAll(selector)];
    const say = (what, element) => found.push(element ? `${what}: ${element.outerHTML.slice(0, 120)}` : what);
    const ids = (element, attribute) => (element.getAttribute(attribute) || "").split(/\s+/).filter(Boolean);
    const isNamed = (element) =>
      [element.getAttribute("aria-label"), element.textContent, ...[...element.querySelectorAll("img")].map((img) => img.alt)]
        .some((words) => (words || "").trim()) || ids(element, "aria-labelledby").length > 0;
    const isLabelled = (element) =>
      (element.labels && element.labels.length > 0) || element.hasAttribute("aria-label") || element.hasAttribute("aria-labelledby");
    const each = (selector, isWell, what) => all(selector).filter((one) => !isWell(one)).forEach((one) => say(what, one));

    for (const [selector, what] of [["h1", "h1"], ["main", "main"]])
      if (all(selector).length !== 1) say(`${all(selector).length} times ${what}`);
    if (!document.documentElement.lang) say("no language");
    if (document.title.trim().length < 4) say("no title");
    each("h1, h2, h3", isNamed, "an empty head");
    each("img", (img) => img.hasAttribute("alt"), "no alternative");
    each("svg[role=img]", isNamed, "a picture without a name");
    each("input:not([type=hidden]), select, textarea, progress", isLabelled, "no label");
    each("a[href], button, summary", isNamed, "no name");
    each("nav", (nav) => nav.hasAttribute("aria-label"), "no name");
    each("fieldset", (set) => set.querySelector("legend"), "no legend");
    each("table", (table) => table.caption || table.hasAttribute("aria-label"), "no caption");
    each("th", (th) => th.hasAttribute("scope"), "no scope");
    each("a[href^='#']", (a) => document.getElementById(a.hash.slice(1)), "leads nowhere");
    each("[style], [onclick], script:not([src])", () => false, "inline");
    for (const attribute of ["aria-labelledby", "aria-describedby", "aria-controls"])
      each(`[${attribute}]`, (one) => ids(one, attribute).every((id) => document.getElementById(id)), `${attribute} of nobody`);
    const given = all("[id]").map((one) => one.id);
    new Set(given.filter((id, at) => given.indexOf(id) !== at)).forEach((id) => say(`#${id} twice`));
    let above = 1;
    for (const head of all("h1, h2, h3, h4")) {
      if (Number(head.tagName[1]) > above + 1) say("a step of the heads is missing", head);
      above = Number(head.tagName[1]);
    }
    return found;
  },

  // What reaches over the right edge, the innermost things first.
  overflow() {
    if (document.documentElement.scrollWidth <= innerWidth) return [];
    const isCut = (one) => one !== document.body && (getComputedStyle(one).overflowX !== "visible" || isCut(one.parentElement));
    const over = [...document.querySelectorAll("body *")].filter(
      (one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.querySelector("*") && !isCut(one.parentElement),
    );
    return ["scrolls sideways", ...over.slice(0, 3).map((one) => one.outerHTML.slice(0, 120))];
  },

  // WCAG 2.2, 2.5.8: 24 pixels each way for a thumb. A label counts with its control; links within a sentence are free.
  small() {
    return [...document.querySelectorAll("main :is(button, input, select, textarea, summary, .btn, .pill), nav a")]
      .filter((one) => one.type !== "hidden" && !one.closest(".vh") && one.getClientRects().length)
      .filter((one) => {
        const box = (one.closest("label") || one).getBoundingClientRect();
        return box.width < 24 || box.height < 24;
      })
      .map((one) => `too small for a thumb: ${one.outerHTML.slice(0, 120)}`);
  },
})
