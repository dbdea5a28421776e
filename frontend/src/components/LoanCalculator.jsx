import { useState } from "react";

import { monthlyPayment } from "../text/loan.js";

const EURO = new Intl.NumberFormat("en-IE", { style: "currency", currency: "EUR", maximumFractionDigits: 0 });
const CENTS = new Intl.NumberFormat("en-IE", { style: "currency", currency: "EUR" });
/** For the example only. */
const YEARLY_RATE = 0.069;

/** What a loan would cost a month. Nothing leaves the browser. */
export function LoanCalculator() {
  const [amount, setAmount] = useState(12_000);
  const [months, setMonths] = useState(48);
  const payment = monthlyPayment(amount, months, YEARLY_RATE);
  return (
    <div className="stack">
      <Slider label="Amount" value={amount} text={EURO.format(amount)} min={1000} max={50_000} step={500} onChange={setAmount} />
      <Slider label="Term" value={months} text={`${months} months`} min={6} max={120} step={6} onChange={setMonths} />
      <output className="payment">
        <span className="count">{CENTS.format(payment)}</span> a month
      </output>
      <p className="hint">
        {CENTS.format(payment * months)} in all, at an example rate of {`${YEARLY_RATE * 100}\u00a0%`} a year. This is not an offer.
      </p>
    </div>
  );
}

/** @param {{ label: string, value: number, text: string, min: number, max: number, step: number, onChange: (value: number) => void }} props */
function Slider({ label, text, onChange, ...range }) {
  const id = `slider-${label.toLowerCase()}`;
  return (
    <div className="field">
      <div className="slider-label">
        <label htmlFor={id}>{label}</label>
        <span aria-hidden="true">{text}</span>
      </div>
      <input id={id} type="range" aria-valuetext={text} {...range} onChange={(event) => onChange(event.target.valueAsNumber)} />
    </div>
  );
}
