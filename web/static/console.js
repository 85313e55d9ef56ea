// Comfort on top of pages that work without it: the search key, filters that send themselves, menus that close.
(function () {
  "use strict";
  var find = document.querySelector("[data-find]");

  function typing(element) {
    return element && (/^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) || element.isContentEditable);
  }

  document.addEventListener("keydown", function (event) {
    if (event.key === "/" && find && !typing(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      find.focus();
    }
    if (event.key === "Escape") {
      document.querySelectorAll("details.zm-menu[open]").forEach(function (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      });
      if (location.hash === "#menu") location.hash = "main";
    }
  });

  document.addEventListener("change", function (event) {
    if (event.target.matches("select[data-submit]")) event.target.form.requestSubmit();
  });

  // An empty field has no place in the address.
  document.addEventListener("submit", function (event) {
    if (event.target.method !== "get") return;
    Array.prototype.forEach.call(event.target.elements, function (field) {
      if (field.name && !field.value) field.disabled = true;
    });
  });

  document.addEventListener("click", function (event) {
    document.querySelectorAll("details.zm-menu[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
}());
