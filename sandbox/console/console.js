"use strict";
const at = (id) => document.getElementById(id);

async function ask(method, path, body) {
  const answer = await fetch(path, { method, body: body && JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) at("said").textContent = [told.error, told.field, told.message, told.state].filter(Boolean).join(" · ");
  return told;
}

const show = (where, told) => { at(where).textContent = JSON.stringify(told, null, 2); };

async function act(what, method, path, body) {
  at("said").textContent = what + " …";
  const told = await ask(method, path, body);
  if (!told.error) at("said").textContent = what + ": " + (told.results ? told.results.join(", ") : told.state || "done");
  await refresh();
}

// Acquirers.
const acquirer = () => "/control/acquirers/" + at("acquirer").value;
const whole = (id) => (at(id).value.trim() ? { [id.endsWith("times") ? "times" : "delayMs"]: Number(at(id).value) } : {});

function wish(behaviour) {
  const fleeting = !["ordinary", "down"].includes(behaviour);
  return {
    behaviour,
    ...(fleeting ? { operations: [at("acquirer-operation").value], ...whole("acquirer-times"), ...whole("acquirer-delay") } : {}),
    honourIdempotencyKeys: at("acquirer-keys").checked,
    allowOverRefund: at("acquirer-over").checked,
    webhooks: at("acquirer-webhooks").checked,
  };
}

async function tell(method, body) {
  const told = await ask(method, acquirer(), body);
  show("acquirer-setting", told);
  if (told.error) return;
  at("acquirer-keys").checked = told.honourIdempotencyKeys;
  at("acquirer-over").checked = told.allowOverRefund;
  at("acquirer-webhooks").checked = told.webhooks;
  await refresh();
}

at("acquirer-form").onsubmit = (event) => { event.preventDefault(); tell("POST", wish(at("acquirer-behaviour").value)); };
at("acquirer-slow").onclick = () => tell("POST", wish("slow"));
at("acquirer-down").onclick = () => tell("POST", wish("down"));
at("acquirer-lying").onclick = () => tell("POST", wish("lying_amount"));
at("acquirer-reset").onclick = () => tell("DELETE");
at("acquirer").onchange = () => tell("GET");

// Receivers.
const receiver = (path) => path.replace("{name}", encodeURIComponent(at("receiver").value.trim()));

async function manners(method, body) {
  show("receiver-setting", await ask(method, receiver("/control/receivers/{name}"), body));
}

async function came(method) {
  show("came", (await ask(method, receiver("/receiver/{name}/deliveries"))).deliveries || []);
}

at("receiver-form").onsubmit = (event) => {
  event.preventDefault();
  manners("POST", { behaviour: at("receiver-behaviour").value, ...whole("receiver-times") });
};
at("receiver-reset").onclick = () => manners("DELETE");
at("receiver-read").onclick = () => came("GET");
at("receiver-forget").onclick = () => came("DELETE");

// Tables. Texts are set as texts, so nothing that a partner sent can become markup.
function row(...cells) {
  const line = document.createElement("tr");
  for (const cell of cells) {
    const place = document.createElement("td");
    place.append(...[cell].flat());
    line.append(place);
  }
  return line;
}

function button(label, press) {
  const made = document.createElement("button");
  made.textContent = label;
  made.className = "quiet";
  made.onclick = press;
  return made;
}

// What the customer can answer on an open page, until somebody has.
const ANSWERS = { challenge: ["approve", "fail", "cancel"], bank: ["approve", "refuse", "no_money"] };

function answers(payment, path) {
  if (!payment.challenge) return [];
  const page = document.createElement("a");
  page.href = payment.challenge.url;
  page.textContent = "Open the page";
  page.target = "_blank";
  page.rel = "noreferrer";
  if (payment.receipts) {
    const pay = (amount) => act("Pay " + payment.reference, "POST", path + "/receipts", amount ? { amount } : {});
    return [page, button("Customer: pay", () => pay()), button("Customer: pay another amount", () => {
      const amount = prompt("How much?", payment.amount);
      if (amount) pay(amount);
    })];
  }
  const kind = payment.country ? "bank" : "challenge";
  if (payment.country && !payment.bank) return [page];
  return [page, ...ANSWERS[kind].map((decision) =>
    button("Customer: " + decision.replace("_", " "), () =>
      act("Answer " + payment.reference, "POST", path + "/answer", { decision })))];
}

const choice = (id) => at(id).content.firstElementChild.cloneNode(true);

function paymentRow(payment) {
  const path = acquirer() + "/payments/" + encodeURIComponent(payment.reference);
  const state = choice("states");
  const change = button("Change", () => act("Change " + payment.reference, "POST", path + "/state", { state: state.value }));
  const waiting = payment.refunds.filter((refund) => refund.state === "PENDING");
  const refunds = waiting.flatMap((refund) =>
    ["SUCCEEDED", "FAILED"].map((end) =>
      button("Refund " + end.toLowerCase(), () =>
        act("Refund " + refund.reference, "POST", path + "/refunds/" + encodeURIComponent(refund.reference) + "/state", { state: end }))));
  const dispute = payment.capturedAmount.replace(/[0.]/g, "") ? ["chargeback", "inquiry"].map((kind) =>
    button(kind === "inquiry" ? "Warn of a dispute" : "Dispute", () =>
      act("Dispute " + payment.reference, "POST", path + "/disputes", { kind, ...terms() }))) : [];
  return row(payment.reference, payment.state, payment.amount + " " + payment.currency,
    payment.capturedAmount, payment.refundedAmount, [state, change, ...answers(payment, path), ...refunds, ...dispute]);
}

// What an open dispute can become by hand, and what its button is called.
const ENDINGS = {
  INQUIRY: { INQUIRY_CLOSED: "Close", OPEN: "Charge back" },
  INQUIRY_ANSWERED: { INQUIRY_CLOSED: "Close", OPEN: "Charge back" },
  OPEN: { WON: "Win", LOST: "Lose" },
  ANSWERED: { WON: "Win", LOST: "Lose" },
};
const terms = () => ({
  ...(at("due").value.trim() ? { dueInMs: Number(at("due").value) } : {}),
  ...(at("fee").value.trim() ? { fee: at("fee").value.trim() } : {}),
});

function disputeRow(dispute) {
  const path = acquirer() + "/payments/" + encodeURIComponent(dispute.payment) + "/disputes/" + encodeURIComponent(dispute.id) + "/state";
  const endings = Object.entries(ENDINGS[dispute.state] || {}).map(([state, label]) =>
    button(label, () => act(label + " " + dispute.id, "POST", path, { state, ...terms() })));
  const answer = dispute.answer ? dispute.answer.kind + ": " + [...dispute.answer.texts, ...dispute.answer.files].join(", ") : "none";
  return row(dispute.id, dispute.payment, dispute.state, dispute.amount + " " + dispute.currency, dispute.fee, dispute.dueAt, answer, endings);
}

function eventRow(event) {
  const path = "/control/webhooks/" + encodeURIComponent(event.id);
  const how = choice("forgeries");
  return row(event.id + " " + event.type, event.payment, event.state, event.tries.join(", ") || "none", [
    button("Send", () => act("Send " + event.id, "POST", path + "/send")),
    button("Duplicate", () => act("Duplicate " + event.id, "POST", path + "/duplicate", { times: 3 })),
    button("Delay 5 s", () => act("Delay " + event.id, "POST", path + "/delay", { delayMs: 5000 })),
    how,
    button("Forge", () => act("Forge " + event.id, "POST", path + "/forge", { how: how.value })),
  ]);
}

async function refresh() {
  const about = "?acquirer=" + at("acquirer").value;
  const [{ payments }, { events }, { totals }] = await Promise.all([
    ask("GET", acquirer() + "/payments"),
    ask("GET", "/control/events" + about),
    ask("GET", acquirer() + "/books"),
  ]);
  at("payments").replaceChildren(...payments.map(paymentRow));
  at("disputes").replaceChildren(...payments.flatMap((payment) => payment.disputes || []).map(disputeRow));
  at("events").replaceChildren(...events.map(eventRow));
  at("books").textContent = Object.entries(totals).map(([currency, sums]) =>
    currency + " authorized " + sums.authorized + ", captured " + sums.captured + ", refunded " + sums.refunded + ", disputed " + sums.disputed + ", held " + sums.held).join(" · ") || "empty";
}

at("refresh").onclick = refresh;

// Billers.
const biller = async (method, body) => show("setting", await ask(method, "/control/billers/" + at("biller").value, body));
at("tell").onclick = () => biller("POST", { behaviour: at("behaviour").value });
at("reset").onclick = () => biller("DELETE");
at("biller").onchange = () => biller("GET");

at("journal-form").onsubmit = async (event) => {
  event.preventDefault();
  const about = at("reference").value
    ? "acquirer=" + at("acquirer").value + "&reference=" + encodeURIComponent(at("reference").value)
    : "billNumber=" + encodeURIComponent(at("number").value);
  show("journal", await ask("GET", "/journal?" + about));
};

biller("GET");
tell("GET");
