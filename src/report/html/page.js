"use strict";
function begin(data) {
  var ROW = 38, MOST = 400, view = [], state = { q: "", kind: "", account: "", card: "", verdict: "CAN", finding: "", sort: "name", down: 0, open: "" };
  var $ = function (id) { return document.getElementById(id); };
  // Every text of the data gets into the page here, as text.
  function el(name, attributes, children) {
    var node = document.createElement(name);
    for (var key in attributes || {}) node.setAttribute(key, attributes[key]);
    [].concat(children === undefined ? [] : children).forEach(function (child) {
      node.appendChild(typeof child === "object" ? child : document.createTextNode(String(child)));
    });
    return node;
  }
  function svg(name, attributes) {
    var node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (var key in attributes || {}) node.setAttribute(key, attributes[key]);
    return node;
  }
  function clear(node) { while (node.firstChild) node.removeChild(node.firstChild); return node; }
  function plural(n, word) { return n + " " + word + (n === 1 ? "" : "s"); }

  // Lists of names are steps from word to word, documents have their statements by number: what pack.rs does is turned back.
  var words = [];
  data.words.forEach(function (group) { group[1].forEach(function (rest) { words.push(group[0] === null ? rest : group[0] + ":" + rest); }); });
  function list(steps) {
    var out = [], at = -1;
    (steps ? steps.split(" ") : []).forEach(function (step) {
      var parts = step.split("+"), more = parts[1] ? parseInt(parts[1], 36) : 0;
      at += parseInt(parts[0], 36);
      for (out.push(words[at]); more > 0; more--) out.push(words[++at]);
    });
    return out;
  }
  function own(value, key) { return Object.prototype.hasOwnProperty.call(value, key); }
  function members(value, statements) {
    var out = {};
    Object.keys(value).forEach(function (key) {
      var is = statements && key === "Statement" ? value[key].map(function (at) { return unpack(data.statements[at]); }) : unpack(value[key]);
      // A member may be called __proto__: it is one like all others.
      Object.defineProperty(out, key, { value: is, enumerable: true, configurable: true, writable: true });
    });
    return out;
  }
  function unpack(value) {
    if (Array.isArray(value)) return value.map(unpack);
    if (value === null || typeof value !== "object") return value;
    if (own(value, "")) return typeof value[""] === "string" ? list(value[""]) : members(value[""][0]);
    return members(value);
  }
  function doc(number) {
    var packed = data.docs[number];
    return Array.isArray(packed) ? unpack(packed[0]) : members(packed, true);
  }

  // Findings and recommendations, by principal.
  var findings = {}, advice = {};
  (data.findings || []).forEach(function (one) { (findings[one.resource] = findings[one.resource] || []).push(one); });
  (data.recommendations || []).forEach(function (one) { advice[one.resource] = one; });
  function unused(arn) { return (findings[arn] || []).reduce(function (n, one) { return n + (one.unused || 0); }, 0); }
  data.entities.forEach(function (entity, at) {
    entity.at = at;
    // What the logs show may be later than what the account's export says.
    if (entity.uses && entity.uses[0][1] > (entity.lastUsed || "")) entity.lastUsed = entity.uses[0][1];
    entity.unused = unused(entity.arn);
    entity.removed = advice[entity.arn] ? advice[entity.arn].removedActions || 0 : 0;
    // What can be chosen of it: the types of its findings, and what became of its recommendation.
    entity.types = (findings[entity.arn] || []).map(function (one) { return one.findingType; });
    if (advice[entity.arn]) entity.types.push("recommendation " + advice[entity.arn].result);
    entity.text = (entity.arn + " " + Object.keys(entity.tags).map(function (key) { return key + "=" + entity.tags[key]; }).join(" ") + " " +
      entity.policies.map(function (one) { return one.name; }).join(" ")).toLowerCase();
  });
  var hasFindings = !!data.findings, hasAdvice = !!data.recommendations, COLUMNS = hasAdvice ? 7 : 6;
  // With recommendations those come first that take most away.
  var FIRST = hasAdvice ? { sort: "removed", down: 1 } : { sort: "name", down: 0 };

  function verdict(card, at) { return { C: "CAN", N: "CANNOT", U: "UNKNOWN" }[card.verdicts.charAt(at)] || ""; }
  function count(card, letter) { return card.verdicts.split(letter).length - 1; }
  function card() { return data.questions.filter(function (one) { return one.id === state.card; })[0]; }

  function save() {
    var parts = [];
    Object.keys(state).forEach(function (key) { if (state[key] && !(key === "verdict" && !state.card) && !((key === "sort" || key === "down") && state.sort === FIRST.sort && state.down === FIRST.down)) parts.push(key + "=" + encodeURIComponent(state[key])); });
    var hash = "#" + parts.join("&");
    if (location.hash !== hash && (hash !== "#" || location.hash)) history.replaceState(null, "", hash);
  }
  function load() {
    state = { q: "", kind: "", account: "", card: "", verdict: "CAN", finding: "", sort: FIRST.sort, down: FIRST.down, open: "" };
    var sorted = false;
    location.hash.slice(1).split("&").forEach(function (part) {
      var at = part.indexOf("="), key = part.slice(0, at);
      if (at > 0 && Object.prototype.hasOwnProperty.call(state, key)) {
        if (key === "sort") sorted = true;
        try { state[key] = key === "down" ? Number(part.slice(at + 1)) : decodeURIComponent(part.slice(at + 1)); } catch (bad) { /* an address that was cut short */ }
      }
    });
    // An address without a direction means the upward one.
    if (sorted && !/[#&]down=/.test(location.hash)) state.down = 0;
    $("finding").value = state.finding;
    $("q").value = state.q; $("kind").value = state.kind; $("account").value = state.account; $("verdict").value = state.verdict;
  }

  function value(entity, by) {
    if (by === "unused") return entity.unused;
    if (by === "removed") return entity.removed;
    if (by === "policies") return entity.policies.length;
    if (by === "used") return entity.lastUsed || "";
    if (by === "account") return entity.account;
    if (by === "kind") return entity.kind;
    return entity.name.toLowerCase();
  }
  function apply() {
    var words = state.q.toLowerCase().split(/\s+/).filter(Boolean), chosen = card();
    view = data.entities.filter(function (entity) {
      return (!state.kind || entity.kind === state.kind) && (!state.account || entity.account === state.account) &&
        (!chosen || verdict(chosen, entity.at) === state.verdict) && (!state.finding || entity.types.indexOf(state.finding) >= 0) &&
        words.every(function (word) { return entity.text.indexOf(word) >= 0; });
    });
    var sign = state.down ? -1 : 1;
    view.sort(function (a, b) {
      var x = value(a, state.sort), y = value(b, state.sort);
      return x < y ? -sign : x > y ? sign : a.at - b.at;
    });
    $("count").textContent = plural(view.length, "principal") + (view.length < data.entities.length ? " of " + data.entities.length : "");
    document.querySelectorAll("button.card").forEach(function (node) { node.setAttribute("aria-pressed", String(node.dataset.card === state.card)); });
    $("verdict").disabled = !chosen;
    document.querySelectorAll("th[data-sort]").forEach(function (node) {
      node.setAttribute("aria-sort", node.dataset.sort === state.sort ? (state.down ? "descending" : "ascending") : "none");
    });
    $("rows").setAttribute("aria-rowcount", String(view.length + 1));
    save(); draw();
  }
  function badges(entity) {
    var out = data.questions.filter(function (one) { return verdict(one, entity.at) === "CAN"; })
      .map(function (one) { return el("span", { class: "tag CAN" }, one.title); });
    data.questions.forEach(function (one) { if (verdict(one, entity.at) === "UNKNOWN") out.push(el("span", { class: "tag UNKNOWN" }, one.title + "?")); });
    return out;
  }
  var printing = false;
  function draw() {
    var body = clear($("body")), scroll = $("scroll");
    var shown = Math.min(MOST, Math.ceil(scroll.clientHeight / ROW) + 16);
    var from = printing ? 0 : Math.max(0, Math.min(view.length - shown, Math.floor(scroll.scrollTop / ROW) - 8));
    var to = printing ? Math.min(view.length, MOST) : Math.min(view.length, from + shown);
    function gap(rows) { var tr = el("tr", { class: "gap", "aria-hidden": "true" }, el("td", { colspan: COLUMNS })); tr.firstChild.style.height = rows * ROW + "px"; body.appendChild(tr); }
    if (from > 0) gap(from);
    view.slice(from, to).forEach(function (entity, at) {
      var row = el("tr", { tabindex: "0", "aria-rowindex": from + at + 2, "data-arn": entity.arn }, [
        el("td", { title: entity.arn }, [entity.path === "/" ? "" : el("span", { class: "dim" }, entity.path.slice(1)), entity.name]),
        el("td", {}, entity.kind), el("td", {}, entity.account), el("td", {}, entity.lastUsed ? entity.lastUsed.slice(0, 10) : entity.lastUsedText),
        el("td", { class: "num" }, hasFindings ? entity.unused : entity.policies.length)
      ].concat(hasAdvice ? [el("td", { class: "num", title: advice[entity.arn] ? advice[entity.arn].result : "" }, entity.removed)] : [], [el("td", {}, badges(entity))]));
      body.appendChild(row);
    });
    if (view.length > to && !printing) gap(view.length - to);
    if (view.length > to && printing) body.appendChild(el("tr", {}, el("td", { colspan: COLUMNS }, "and " + (view.length - to) + " more: see the page or its CSV")));
    if (!view.length) body.appendChild(el("tr", {}, el("td", { colspan: COLUMNS, class: "dim" }, "Nobody fits these filters.")));
  }

  var live = $("said");
  function copy(text, button) {
    function tell(on, said) {
      button.textContent = on;
      // What is outside an open dialog is not read.
      ($("detail").open ? $("detail") : document.body).appendChild(live);
      live.textContent = said;
      setTimeout(function () { button.textContent = "Copy command"; live.textContent = ""; document.body.appendChild(live); }, 1500);
    }
    function done() { tell("Copied", "The command is copied"); }
    function old() {
      var area = el("textarea", { "aria-hidden": "true" }), worked = false;
      area.value = text; ($("detail").open ? $("detail") : document.body).appendChild(area);
      area.select();
      try { worked = document.execCommand("copy"); } catch (bad) { /* said below */ }
      area.remove(); button.focus();
      if (worked) done(); else tell("Select and copy it yourself", "The command was not copied: select and copy it yourself");
    }
    if (navigator.clipboard && navigator.clipboard.writeText) navigator.clipboard.writeText(text).then(done, old); else old();
  }
  function command(text) {
    var button = el("button", { class: "b", type: "button" }, "Copy command");
    button.addEventListener("click", function () { copy(text, button); });
    return el("div", { class: "bar" }, [el("code", {}, text), button]);
  }
  function quote(text) { return /^[\w@%+=:,./-]+$/.test(text) ? text : "'" + text.replace(/'/g, "'\\''") + "'"; }
  function pretty(value) { return typeof value === "string" ? value : JSON.stringify(value, null, 2); }

  // What is unused, a line a service.
  function unusedText(one) {
    var last = one.last || {}, lines = {};
    function seen(name) { return own(last, name) ? " (last used " + last[name].slice(0, 10) + ")" : ""; }
    list(one.services).forEach(function (service) { lines[service] = ["all of it" + seen(service)]; });
    list(one.actions).forEach(function (action) {
      var at = action.indexOf(":"), service = action.slice(0, at);
      (lines[service] = lines[service] || []).push(action.slice(at + 1) + seen(action));
    });
    return Object.keys(lines).sort().map(function (service) { return service + ": " + lines[service].join(", "); }).join("\n");
  }

  function open(arn) {
    var entity = data.entities.filter(function (one) { return one.arn === arn; })[0], box = clear($("detail"));
    if (!entity) { state.open = ""; save(); return; }
    state.open = arn; save();
    var close = el("button", { class: "b", type: "button", "aria-label": "Close" }, "Close");
    close.addEventListener("click", function () { box.close(); });
    box.appendChild(el("div", { class: "head" }, [el("h2", { id: "detail-title" }, entity.arn), close]));
    var facts = el("dl", {});
    function fact(name, text) { if (text) { facts.appendChild(el("dt", {}, name)); facts.appendChild(el("dd", {}, text)); } }
    fact("Kind", entity.kind); fact("Account", entity.account); fact("Made", entity.created); fact("Last used", entity.lastUsed || entity.lastUsedText);
    fact("Tags", Object.keys(entity.tags).map(function (key) { return key + " = " + entity.tags[key]; }).join(", "));
    fact("Groups", entity.groups.join(", ")); fact("Boundary", entity.boundary);
    box.appendChild(facts);
    // What is to be done comes first, then what it rests on, then what else there is to know.
    var can = el("div", {}, el("h3", {}, "What it can do"));
    data.questions.forEach(function (one) {
      var said = verdict(one, entity.at), shown = (one.shown || {})[entity.at];
      var line = el("div", { class: "q" }, [el("b", { class: said }, said), " " + one.title + " ", el("span", { class: "dim" }, one.actions.join(", "))]);
      if (shown) {
        (shown.grants || []).forEach(function (grant) { line.appendChild(el("div", {}, "by " + grant.policy + ", statement " + grant.statementIndex + (grant.statementId ? " (" + grant.statementId + ")" : ""))); });
        (shown.notes || []).forEach(function (note) { line.appendChild(el("div", { class: "dim" }, note)); });
        if (shown.witness) line.appendChild(el("details", {}, [el("summary", {}, "The request that shows it"), el("pre", {}, pretty(shown.witness))]));
      }
      line.appendChild(command("leastwise access-not-granted --account " + quote(data.meta.account) + " --principal " + quote(entity.arn) + one.actions.map(function (a) { return " --action " + quote(a); }).join("")));
      can.appendChild(line);
    });
    var last = el("div", {});
    if (entity.uses) {
      last.appendChild(el("h3", {}, "What it used last"));
      last.appendChild(el("ul", {}, entity.uses.map(function (use) { return el("li", {}, [el("b", {}, words[use[0]]), " " + plural(use[2], "time") + ", last " + use[1] + ": ", el("code", {}, words[use[3]] + ":" + use[4])]); })));
    }
    var found = el("div", {});
    (findings[arn] || []).forEach(function (one) {
      found.appendChild(el("h3", {}, "Finding: " + one.findingType));
      list(one.notes).forEach(function (note) { found.appendChild(el("p", { class: "dim" }, note)); });
      if (own(one, "lastUsed")) found.appendChild(el("p", {}, (one.key ? "Key " + one.key + ": " : "") + (one.lastUsed ? "last used " + one.lastUsed : "no use is known")));
      if (one.unused) found.appendChild(el("pre", { tabindex: "0" }, unusedText(one)));
      var blind = list(one.notObservable);
      if (blind.length) found.appendChild(el("details", {}, [el("summary", {}, plural(blind.length, "granted action") + " that no given evidence would show: not observable, and never called unused"), el("pre", {}, blind.join("\n"))]));
    });
    var better = advice[arn];
    if (better) {
      box.appendChild(el("h3", {}, "Recommendation: " + better.result + ", " + plural(better.removedActions || 0, "action") + " removed, " + plural(better.obligations || 0, "obligation") + " proved, " + plural(better.replayed || 0, "logged request") + " replayed"));
      if (better.obligations) box.appendChild(el("p", { class: "dim" }, "Proved by Z3 " + data.meta.z3 + " over the catalog of " + data.meta.catalog + ": nothing new is granted, what is unused is gone, nothing else is lost, and each pattern is the shortest that does so; over all its policies nothing is added."));
      var notes = list(better.notes), told = notes.map(function (note) { return el("p", { class: better.result === "UNKNOWN" ? "UNKNOWN" : "dim" }, note); });
      // Why nothing is recommended is always to be seen; what else is worth knowing may be long.
      if (better.result !== "UNKNOWN" && notes.join("").length > 600) told = [el("details", {}, [el("summary", {}, plural(notes.length, "note"))].concat(told))];
      told.forEach(function (note) { box.appendChild(note); });
      // Each policy that changes beside what becomes of it; one that is cut stands beside all its parts.
      (better.becomes || []).forEach(function (change) {
        var policy = entity.policies[change[0]];
        var after = change[1].length ? change[1].map(function (part) { return (part[0] ? part[0] + "\n" : "") + pretty(doc(part[1])); }).join("\n\n") : "It goes: nothing that it grants is used.";
        box.appendChild(el("div", {}, policy.name));
        box.appendChild(el("div", { class: "two" }, [el("div", {}, ["Before", el("pre", { class: "before", tabindex: "0" }, policy.doc !== undefined ? pretty(doc(policy.doc)) : "not in the input")]), el("div", {}, ["After", el("pre", { class: "after", tabindex: "0" }, after)])]));
      });
      if (data.meta.recommend) box.appendChild(command(data.meta.recommend));
    }
    [found, last, can].forEach(function (part) { box.appendChild(part); });
    box.appendChild(el("h3", {}, plural(entity.policies.length, "policy").replace("policys", "policies")));
    entity.policies.forEach(function (one) {
      box.appendChild(el("details", {}, [el("summary", {}, one.name + (one.from ? " (through " + one.from + ")" : "")), el("pre", {}, one.doc === undefined ? "not in the input" : pretty(doc(one.doc)))]));
    });
    if (entity.trust !== undefined) box.appendChild(el("details", {}, [el("summary", {}, "Trust policy"), el("pre", {}, pretty(doc(entity.trust)))]));
    if (!box.open) box.showModal();
    box.scrollTop = 0;
  }

  function bars(title, rows) {
    var most = Math.max.apply(null, [1].concat(rows.map(function (row) { return row[1] + row[2]; }))), height = rows.length * 26 + 6;
    var picture = svg("svg", { viewBox: "0 0 300 " + height, role: "img", "aria-label": title + ": " + rows.map(function (row) { return row[0] + " " + row[1]; }).join(", ") });
    rows.forEach(function (row, at) {
      var y = at * 26 + 4, label = svg("text", { x: 0, y: y + 14 }), n = svg("text", { x: 262, y: y + 14 });
      label.textContent = row[0].length > 22 ? row[0].slice(0, 21) + "\u2026" : row[0]; n.textContent = row[1] + (row[2] ? "+" + row[2] + "?" : "");
      picture.appendChild(label);
      picture.appendChild(svg("rect", { x: 146, y: y + 2, width: 110, height: 14, rx: 3, class: "rest" }));
      picture.appendChild(svg("rect", { x: 146, y: y + 2, width: 110 * row[1] / most, height: 14, rx: 3, class: row[3] }));
      if (row[2]) picture.appendChild(svg("rect", { x: 146 + 110 * row[1] / most, y: y + 2, width: 110 * row[2] / most, height: 14, class: "warnf" }));
      picture.appendChild(n);
    });
    return el("div", { class: "card" }, [el("h2", {}, title), picture]);
  }

  // One line a number: what it was in each earlier page, and what it is.
  function trend(points) {
    var box = el("div", { class: "card" }, el("h2", {}, "Since " + (points[0].at || "the first page"))), names = [];
    points.forEach(function (point) { Object.keys(point.counts).forEach(function (name) { if (names.indexOf(name) < 0) names.push(name); }); });
    names.forEach(function (name) {
      var all = points.map(function (point) { return point.counts[name] || 0; }), most = Math.max.apply(null, [1].concat(all)), last = all.length - 1;
      var picture = svg("svg", { viewBox: "0 0 100 20", class: "spark", preserveAspectRatio: "none", "aria-hidden": "true" });
      picture.appendChild(svg("polyline", { points: all.map(function (n, at) { return (100 * at / last) + "," + (18 - 16 * n / most); }).join(" ") }));
      var change = all[last] - all[last - 1];
      box.appendChild(el("div", { class: "trend" }, [el("span", {}, name), picture, el("b", {}, all[last]), el("span", { class: "dim" }, change ? (change > 0 ? "+" : "\u2212") + Math.abs(change) : "as before")]));
    });
    $("charts").appendChild(box);
  }

  function csv() {
    function cell(text) { text = String(text); if (/^[=+\-@\t\r]/.test(text)) text = "'" + text; return '"' + text.replace(/"/g, '""') + '"'; }
    var head = ["arn", "kind", "account", "last_used", "unused_actions", "removed_actions", "recommendation", "policies"].concat(data.questions.map(function (one) { return one.title; }));
    var lines = [head].concat(view.map(function (entity) {
      return [entity.arn, entity.kind, entity.account, entity.lastUsed || entity.lastUsedText, hasFindings ? entity.unused : "", hasAdvice ? entity.removed : "", advice[entity.arn] ? advice[entity.arn].result : "", entity.policies.map(function (one) { return one.name; }).join(" ")]
        .concat(data.questions.map(function (one) { return verdict(one, entity.at); }));
    }));
    var text = lines.map(function (line) { return line.map(cell).join(","); }).join("\r\n");
    var link = el("a", { download: "principals.csv", href: URL.createObjectURL(new Blob([text], { type: "text/csv" })) });
    document.body.appendChild(link); link.click(); link.remove();
  }

  function start() {
    if (data.meta.accounts.length > 1) document.querySelector("h1").textContent = "Access in " + data.meta.accounts.length + " accounts";
    $("made").textContent = data.meta.tool + ", catalog of " + data.meta.catalog + ", " + plural(data.meta.accounts.length, "account") + " (" + data.meta.accounts.join(", ") + ")";
    $("command").appendChild(command(data.meta.command));
    var banner = $("evidence");
    banner.appendChild(el("h2", {}, "What this rests on"));
    (data.evidence || ["No evidence of use is given: this page tells who can do what, not what is unused. Add --evidence PATH."]).forEach(function (line) { banner.appendChild(el("p", {}, line)); });
    if (data.notes.length) {
      $("notes").hidden = false;
      $("notes").appendChild(el("details", {}, [el("summary", {}, plural(data.notes.length, "note") + " about the input")].concat(data.notes.map(function (note) { return el("p", {}, note); }))));
    }
    data.questions.forEach(function (one) {
      var n = count(one, "C"), open = count(one, "U"), all = data.entities.length || 1;
      var picture = svg("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" });
      picture.appendChild(svg("rect", { width: 100, height: 8, rx: 2, class: "rest" }));
      picture.appendChild(svg("rect", { width: 100 * n / all, height: 8, class: "bad" }));
      picture.appendChild(svg("rect", { x: 100 * n / all, width: 100 * open / all, height: 8, class: "warnf" }));
      var node = el("button", { class: "card", type: "button", "data-card": one.id, "aria-pressed": "false" }, [
        el("span", { class: "t" }, one.title), el("b", {}, n), el("small", {}, one.why), el("small", {}, count(one, "N") + " proved not to, " + open + " unknown" + (one.outside.length ? ", " + one.outside.length + " outside" : "")), picture]);
      node.addEventListener("click", function () { state.card = state.card === one.id ? "" : one.id; $("scroll").scrollTop = 0; apply(); });
      $("cards").appendChild(node);
    });
    var outside = [];
    data.questions.forEach(function (one) { one.outside.forEach(function (who) { outside.push([one.title, who]); }); });
    if (outside.length) {
      $("outside").hidden = false;
      outside.forEach(function (pair) {
        $("outside").appendChild(el("p", {}, [el("b", { class: pair[1].verdict }, pair[1].principal), " " + pair[0] + " through " + pair[1].resources.slice(0, 3).join(", ") + (pair[1].resources.length > 3 ? " and " + (pair[1].resources.length - 3) + " more" : "")]));
      });
    }
    $("charts").appendChild(bars("Principals who can", data.questions.map(function (one) { return [one.title, count(one, "C"), count(one, "U"), "bad"]; })));
    var kinds = {}, accounts = {}, types = {};
    data.entities.forEach(function (entity) { kinds[entity.kind] = (kinds[entity.kind] || 0) + 1; accounts[entity.account] = (accounts[entity.account] || 0) + 1; });
    (data.findings || []).forEach(function (one) { types[one.findingType] = (types[one.findingType] || 0) + 1; });
    function rows(of) { return Object.keys(of).sort(function (a, b) { return of[b] - of[a]; }).slice(0, 8).map(function (key) { return [key, of[key], 0, "acc"]; }); }
    $("charts").appendChild(bars("Principals by kind and account", rows(kinds).concat(rows(accounts))));
    var results = {}, chosen = {};
    (data.recommendations || []).forEach(function (one) { results[one.result] = (results[one.result] || 0) + 1; });
    if (hasFindings) $("charts").appendChild(bars("Findings by type", rows(types)));
    if (hasAdvice) $("charts").appendChild(bars("Recommendations", rows(results)));
    if (data.trend && data.trend.length > 1) trend(data.trend);
    data.entities.forEach(function (entity) { entity.types.forEach(function (type) { chosen[type] = (chosen[type] || 0) + 1; }); });
    Object.keys(chosen).sort().forEach(function (type) { $("finding").appendChild(el("option", { value: type }, type + " (" + chosen[type] + ")")); });
    $("finding").hidden = !hasFindings;
    $("removed").hidden = !hasAdvice;
    if (hasAdvice) $("rows").className = "advice";
    Object.keys(kinds).sort().forEach(function (kind) { $("kind").appendChild(el("option", { value: kind }, kind)); });
    Object.keys(accounts).sort().forEach(function (id) { $("account").appendChild(el("option", { value: id }, id)); });
    if (hasFindings) $("fifth").textContent = "Unused";
    $("fifth").parentNode.dataset.sort = hasFindings ? "unused" : "policies";
    [["q", "input"], ["kind", "change"], ["account", "change"], ["verdict", "change"], ["finding", "change"]].forEach(function (pair) {
      $(pair[0]).addEventListener(pair[1], function () { state[pair[0]] = $(pair[0]).value; $("scroll").scrollTop = 0; apply(); });
    });
    document.querySelectorAll("th[data-sort] button").forEach(function (button) {
      button.addEventListener("click", function () {
        var by = button.parentNode.dataset.sort;
        state.down = state.sort === by ? 1 - state.down : (by === "unused" || by === "used" || by === "removed" ? 1 : 0); state.sort = by; apply();
      });
    });
    $("csv").addEventListener("click", csv);
    $("reset").addEventListener("click", function () { history.replaceState(null, "", "#"); load(); apply(); });
    var waiting = false;
    $("scroll").addEventListener("scroll", function () { if (!waiting) { waiting = true; requestAnimationFrame(function () { waiting = false; draw(); }); } });
    $("body").addEventListener("click", function (event) { var row = event.target.closest("tr[data-arn]"); if (row) open(row.dataset.arn); });
    $("body").addEventListener("keydown", function (event) {
      var row = event.target.closest("tr[data-arn]");
      if (!row) return;
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(row.dataset.arn); }
      var next = event.key === "ArrowDown" ? row.nextElementSibling : event.key === "ArrowUp" ? row.previousElementSibling : null;
      if (next && next.dataset.arn) { event.preventDefault(); next.focus(); }
    });
    $("detail").addEventListener("close", function () {
      var arn = state.open;
      if ($("detail").open) return;
      // The address may name the next one by now.
      if (location.hash.indexOf("open=" + encodeURIComponent(arn)) < 0) return;
      state.open = ""; save();
      document.querySelectorAll("tr[data-arn]").forEach(function (row) { if (row.dataset.arn === arn) row.focus(); });
    });
    window.addEventListener("hashchange", function () { load(); apply(); if (state.open) open(state.open); else if ($("detail").open) $("detail").close(); });
    window.addEventListener("beforeprint", function () { printing = true; draw(); });
    window.addEventListener("afterprint", function () { printing = false; draw(); });
    window.addEventListener("resize", draw);
    load(); apply();
    if (state.open) open(state.open);
  }
  start();
}
(function () {
  // What is large is compressed (html.rs): the page begins when it is open.
  var written = JSON.parse(document.getElementById("data").textContent);
  if (typeof written !== "string") begin(written);
  else inflate(written).then(begin, function (error) {
    var said = document.getElementById("notes");
    said.textContent = "The data of this page is compressed, and this browser does not open it: it takes Chrome 80, Safari 16.4, Firefox 113 or a later one. (" + error + ")";
    said.hidden = false;
  });
  function inflate(text) {
    if (!window.DecompressionStream) return Promise.reject("no DecompressionStream");
    var bytes = Uint8Array.from(atob(text), function (c) { return c.charCodeAt(0); });
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  }
})();
