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

// A list that is live: every few seconds its figures change in place. New rows wait behind a link, and nothing moves
// under a reading eye; while a row asks for confirmation, or the page is out of sight, the list stands still.
(function () {
  "use strict";
  var live = document.getElementById("live");
  var line = document.querySelector("[data-live-line]");
  if (!live || !line || !window.htmx) return;
  var EVERY_MS = 5000;
  var pause = document.querySelector("[data-live-pause]");
  var badge = document.querySelector("[data-live-badge]");
  var lost = document.querySelector("[data-live-lost]");
  var fresh = document.querySelector("[data-live-new]");
  var asOf = line.nextElementSibling;
  var paused = false;

  line.hidden = false;
  document.querySelector("[data-live-refresh]").hidden = true;

  pause.addEventListener("click", function () {
    var other = pause.dataset.other;
    pause.dataset.other = pause.textContent;
    pause.textContent = other;
    paused = !paused;
    badge.hidden = paused;
  });

  window.setInterval(function () {
    if (!paused && !document.hidden && !live.querySelector(".zm-asked")) window.htmx.trigger(live, "zm-tick");
  }, EVERY_MS);

  function put(old, now) {
    if (!old || !now || old.innerHTML === now.innerHTML || old.contains(document.activeElement)) return;
    old.innerHTML = now.innerHTML;
    window.htmx.process(old);
  }

  function rows(part) {
    return part.querySelectorAll("tbody > tr[id]");
  }

  function patch(next) {
    ["live-figures", "live-suspects", "live-foot", "live-note"].forEach(function (id) {
      put(live.querySelector("#" + id), next.querySelector("#" + id));
    });
    var body = live.querySelector("#live-rows");
    var nextBody = next.querySelector("#live-rows");
    if (!rows(body).length || !rows(nextBody).length) {
      put(body, nextBody);
      return;
    }
    var more = next.querySelector("[rel=next]");
    rows(body).forEach(function (row) {
      var now = nextBody.querySelector("#" + row.id);
      if (now) {
        row.className = now.className;
        Array.prototype.forEach.call(row.cells, function (cell, i) { put(cell, now.cells[i]); });
        now.remove();
      } else if (!more && !row.classList.contains("zm-gone")) {
        row.classList.add("zm-gone");
        row.lastElementChild.textContent = live.dataset.gone;
      }
    });
    var waiting = rows(nextBody).length;
    fresh.hidden = !waiting;
    if (waiting) fresh.textContent = fresh.dataset.liveNew.replace("{n}", waiting);
  }

  live.addEventListener("htmx:afterRequest", function (event) {
    if (event.target !== live) return;
    var answer = event.detail.xhr;
    var next = answer && answer.status === 200 &&
      new DOMParser().parseFromString(answer.responseText, "text/html").getElementById("live");
    if (next) {
      patch(next);
      asOf.textContent = asOf.textContent.replace(live.dataset.at, next.dataset.at);
      live.dataset.at = next.dataset.at;
    } else if (answer && answer.status === 200) {
      window.location.reload();
    }
    lost.hidden = Boolean(next);
    badge.hidden = paused || !next;
    if (!next) lost.textContent = lost.dataset.liveLost.replace("{t}", live.dataset.at);
  });
}());
