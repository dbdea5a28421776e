/**
 * An annuity: equal payments at the end of each month.
 * @param {number} amount @param {number} months @param {number} yearlyRate nominal, 0.06 is 6 %
 */
export function monthlyPayment(amount, months, yearlyRate) {
  const rate = yearlyRate / 12;
  return rate === 0 ? amount / months : (amount * rate) / (1 - (1 + rate) ** -months);
}
