"use strict";
// Payout rails: how each behaves, and what a hand does to a transfer. The words are console.js's.
const rail = () => "/control/rails/" + at("rail").value;
const HAND = { SENT: ["PAID", "FAILED", "RETURNED"], PAID: ["RETURNED"] };

async function railTold(method, body) {
  show("rail-setting", await ask(method, rail(), body));
  await transfers();
}

function transferRow(transfer) {
  const path = rail() + "/transfers/" + encodeURIComponent(transfer.reference) + "/state";
  const ends = (HAND[transfer.state] || []).map((state) => button(state.toLowerCase(), async () => {
    await act("Transfer " + transfer.reference + " " + state.toLowerCase(), "POST", path, { state });
    await transfers();
  }));
  return row(transfer.reference, transfer.state, transfer.amount + " " + transfer.currency, transfer.reason || "", ends);
}

async function transfers() {
  const [found, told] = await Promise.all([ask("GET", rail() + "/transfers"), ask("GET", rail() + "/statement")]);
  at("transfers").replaceChildren(...found.transfers.map(transferRow));
  at("statement").textContent = Object.entries(told.totals).map(([currency, sums]) =>
    currency + " out " + sums.out + ", back " + sums.back + ", net " + sums.net).join(" · ") || "empty";
}

at("rail-form").onsubmit = (event) => {
  event.preventDefault();
  railTold("POST", { behaviour: at("rail-behaviour").value, ...whole("rail-times") });
};
at("rail-reset").onclick = () => railTold("DELETE");
at("rail-refresh").onclick = transfers;
at("rail").onchange = () => railTold("GET");
railTold("GET");
