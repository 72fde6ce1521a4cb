"use strict";
// Render every formula; what KaTeX refuses stays as its source, with its marks beside it.
(() => {
  const macros = {};
  const options = { throwOnError: true, trust: false, strict: "ignore", maxExpand: 1000, maxSize: 10, macros };
  for (const definition of JSON.parse(document.getElementById("report").dataset.macros)) {
    try {
      katex.renderToString(definition, { ...options, globalGroup: true });
    } catch (error) { /* the formulas that use it say so */ }
  }
  const rendered = (element, ways, displayMode, fleqn) => JSON.parse(ways).some((way) => {
    try {
      const content = document.createElement("span");
      katex.render(way, content, { ...options, displayMode, fleqn });
      element.replaceChildren(content);
      element.classList.add("rendered");
      return true;
    } catch (error) {
      return false;
    }
  });
  for (const element of document.querySelectorAll(".tex")) {
    const formula = element.closest(".formula");
    const display = formula === null || formula.classList.contains("display");
    const fleqn = formula === null;
    if (rendered(element, element.dataset.marked, display, fleqn)) {
      formula?.querySelector(".marks")?.classList.add("hidden");
    } else {
      rendered(element, element.dataset.plain, display, fleqn);
    }
  }
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest('a[href^="#problem-"]') : null;
    const details = link && document.getElementById(link.hash.slice(1))?.closest("details");
    if (details) details.open = true;
  });
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
})();
