//! Which of the readings that BigCommerce's documents allow makes the order's total: the plainest that does,
//! exact to what four decimals and their rounding leave.

use rust_decimal::{Decimal, RoundingStrategy};
use weir_domain::money::{Currency, allocate};

use super::{Figures, Now, Part, Told};
use crate::bigcommerce::read::line::Item;

/// What is said where the total does not hold a part that it usually does.
pub(super) const FEES: &str = "the order's total does not hold its fees";
pub(super) const WRAPPING: &str = "the order's total does not hold its gift wrapping";
const CREDIT: &str = "the order's total does not hold what was paid with store credit or gift certificates";

/// A reading of an order's parts.
pub(super) struct Fit {
    pub(super) lines: Vec<Now>,
    pub(super) parts: Vec<Part>,
    pub(super) order_discount: Decimal,
    /// What the total does not hold because it was paid with credit.
    pub(super) credit: Decimal,
    /// Whether it makes the total.
    pub(super) is_exact: bool,
    /// What of it is not as usual.
    pub(super) unusual: Vec<&'static str>,
}

/// Finds the plainest reading that makes the total. Where none does, it is the one that takes the figures
/// as they stand.
pub(super) fn find(told: &Told, items: &[Item], includes_tax: bool, currency: Option<Currency>) -> Fit {
    let figures: Vec<&Figures> = items.iter().map(|item| &item.figures).collect();
    let applied: Decimal = figures.iter().map(|figures| figures.applied).sum();
    let spread = (told.discount + told.coupons - applied).max(Decimal::ZERO);
    let plain = own(&figures, includes_tax);
    let usual = |is_exact| Fit {
        lines: plain.clone(),
        parts: told.parts.clone(),
        order_discount: spread,
        credit: Decimal::ZERO,
        is_exact,
        unusual: Vec::new(),
    };
    let (Some(total), Some(currency)) = (told.total, currency) else { return usual(told.total.is_none()) };
    let search = Search { told, figures: &figures, includes_tax, currency, total };
    search.find(applied, &plain).unwrap_or_else(|| usual(false))
}

struct Search<'a> {
    told: &'a Told,
    figures: &'a [&'a Figures],
    includes_tax: bool,
    currency: Currency,
    total: Decimal,
}

impl Search<'_> {
    fn find(&self, applied: Decimal, plain: &[Now]) -> Option<Fit> {
        for (parts, of_parts) in self.held() {
            for credit in self.credits() {
                for order_discount in self.discounts(applied) {
                    for lines in self.ways(plain, &parts) {
                        let Some(off) = self.off(&lines, &parts, order_discount + credit) else { continue };
                        if off.abs() <= self.tolerance(&lines, &parts, [order_discount, credit]) {
                            let mut unusual = of_parts.clone();
                            unusual.extend((!credit.is_zero()).then_some(CREDIT));
                            let off = TakenOff { order_discount, credit };
                            return Some(Fit { unusual, ..self.settle(lines, parts, off) });
                        }
                    }
                }
            }
        }
        None
    }

    /// The charges that the total holds: all of them, or all but fees or gift wrapping.
    fn held(&self) -> Vec<(Vec<Part>, Vec<&'static str>)> {
        let mut held = Vec::new();
        for without in [&[][..], &[FEES][..], &[WRAPPING][..], &[FEES, WRAPPING][..]] {
            let is_there = |what: &&str| self.told.parts.iter().any(|part| part.unless_held == *what);
            if without.iter().all(is_there) {
                let parts = self.told.parts.iter().filter(|part| !without.contains(&part.unless_held));
                held.push((parts.cloned().collect(), without.to_vec()));
            }
        }
        held
    }

    /// What of store credit the total leaves out: nothing, usually.
    fn credits(&self) -> Vec<Decimal> {
        let mut credits = vec![Decimal::ZERO];
        credits.extend(Some(self.told.credit).filter(|credit| *credit > Decimal::ZERO));
        credits
    }

    /// What may come off the order as a whole, the likeliest first.
    fn discounts(&self, applied: Decimal) -> Vec<Decimal> {
        let (discount, coupons) = (self.told.discount, self.told.coupons);
        let all = [
            discount + coupons - applied,
            Decimal::ZERO,
            discount - applied,
            coupons - applied,
            discount,
            coupons,
            discount + coupons,
        ];
        let mut different: Vec<Decimal> = Vec::new();
        for one in all {
            if one >= Decimal::ZERO && !different.contains(&one) {
                different.push(one);
            }
        }
        different
    }

    /// What the lines may come to.
    fn ways(&self, plain: &[Now], parts: &[Part]) -> Vec<Vec<Now>> {
        let mut ways = Vec::new();
        ways.extend(after_all_discounts(self.figures, self.includes_tax));
        ways.push(plain.to_vec());
        if !self.includes_tax {
            ways.extend(taxed_before_discount(self.figures));
            ways.extend(self.taxed_as_a_whole(plain, parts));
        }
        ways
    }

    /// The tax of the order is told, and the lines' own are for something else: it is shared out by them.
    fn taxed_as_a_whole(&self, plain: &[Now], parts: &[Part]) -> Option<Vec<Now>> {
        let of_parts: Decimal = parts.iter().filter_map(|part| part.tax).sum();
        let of_lines = (self.told.total_tax? - of_parts).max(Decimal::ZERO);
        let weights = plain.iter().map(|line| line.tax.map(|tax| tax.max(Decimal::ZERO)));
        let weights: Vec<Decimal> = weights.collect::<Option<_>>()?;
        let shares = allocate(self.currency.round(of_lines), &weights, self.currency);
        Some(plain.iter().zip(shares).map(|(line, tax)| Now { tax: Some(tax), ..*line }).collect())
    }

    /// How far the parts are from the total; nothing where one is not known.
    fn off(&self, lines: &[Now], parts: &[Part], taken_off: Decimal) -> Option<Decimal> {
        let lines: Decimal =
            lines.iter().map(|line| line.charged(self.includes_tax)).sum::<Option<Decimal>>()?;
        let parts: Decimal = parts.iter().map(|part| part.charged(self.includes_tax)).sum();
        Some(lines + parts - taken_off - self.total)
    }

    /// Half a unit for each figure that has more decimals than the currency: the total has been rounded.
    fn tolerance(&self, lines: &[Now], parts: &[Part], taken_off: [Decimal; 2]) -> Decimal {
        let lines = lines.iter().filter_map(|line| line.charged(self.includes_tax));
        let all = lines.chain(parts.iter().map(|part| part.charged(self.includes_tax))).chain(taken_off);
        let finer = all.filter(|figure| *figure != self.currency.round(*figure)).count();
        let half = Decimal::new(5, self.currency.minor_digits() + 1);
        half * Decimal::from(finer)
    }

    /// Brings every figure to the currency's units, what comes off the order as well, so that they still
    /// make the total: what rounding leaves goes where most was cut off.
    fn settle(&self, mut lines: Vec<Now>, mut parts: Vec<Part>, off: TakenOff) -> Fit {
        let charged = |line: &Now| line.charged(self.includes_tax).unwrap_or_default();
        let mut figures: Vec<Decimal> = lines.iter().map(charged).collect();
        figures.extend(parts.iter().map(|part| part.charged(self.includes_tax)));
        figures.extend([-off.order_discount, -off.credit]);
        let round = |amount: Decimal| self.currency.round(amount);
        let mut settled = settled(&figures, round(self.total), self.currency).into_iter();
        let mut next = || settled.next().unwrap_or_default();
        for line in &mut lines {
            let paid = next();
            let added = if self.includes_tax { Decimal::ZERO } else { round(line.tax.unwrap_or_default()) };
            line.discount = round(line.discount);
            line.amount = line.amount.map(|_| paid + line.discount - added);
            line.tax = line.tax.map(round);
        }
        for part in &mut parts {
            let paid = next();
            let added = if self.includes_tax { Decimal::ZERO } else { round(part.tax.unwrap_or_default()) };
            part.amount = paid + part.discount - added;
            part.tax = part.tax.map(round);
        }
        let (order_discount, credit) = (-next(), -next());
        Fit { lines, parts, order_discount, credit, is_exact: true, unusual: Vec::new() }
    }
}

/// What comes off an order as a whole.
struct TakenOff {
    order_discount: Decimal,
    credit: Decimal,
}

/// The figures as they stand: a line's price, its own discounts, and the tax that is told for it.
fn own(figures: &[&Figures], includes_tax: bool) -> Vec<Now> {
    let now = |figures: &&Figures| Now {
        amount: figures.entered(includes_tax),
        discount: figures.applied,
        tax: figures.tax,
    };
    figures.iter().map(now).collect()
}

/// What was paid for each line is told: without tax in the prices the tax is what that leaves; with it, the
/// discount is.
fn after_all_discounts(figures: &[&Figures], includes_tax: bool) -> Option<Vec<Now>> {
    let now = |figures: &&Figures| {
        let (amount, paid) = (figures.entered(includes_tax)?, figures.paid?);
        let (discount, tax) = match includes_tax {
            true => (amount - paid, figures.tax),
            false => (figures.applied, Some(paid - (amount - figures.applied))),
        };
        let is_possible = discount >= Decimal::ZERO && tax.is_none_or(|tax| tax >= Decimal::ZERO);
        is_possible.then_some(Now { amount: Some(amount), discount, tax })
    };
    figures.iter().map(now).collect()
}

/// The tax is that of the price before discount.
fn taxed_before_discount(figures: &[&Figures]) -> Option<Vec<Now>> {
    let now = |figures: &&Figures| {
        let (ex, inc) = (figures.ex_tax?, figures.inc_tax?);
        Some(Now { amount: Some(ex), discount: figures.applied, tax: Some(inc - ex) })
    };
    figures.iter().map(now).collect()
}

/// Figures in the currency's units that make the whole. Those with more decimals give way, and so far as it
/// takes: many that were each rounded may be together some units from a whole that was rounded once.
fn settled(figures: &[Decimal], whole: Decimal, currency: Currency) -> Vec<Decimal> {
    let unit = Decimal::new(1, currency.minor_digits());
    let down = |figure: &Decimal| {
        figure.round_dp_with_strategy(currency.minor_digits(), RoundingStrategy::ToNegativeInfinity)
    };
    let mut parts: Vec<Decimal> = figures.iter().map(down).collect();
    let mut missing = whole - parts.iter().sum::<Decimal>();
    let mut by_rest: Vec<usize> = (0..parts.len()).filter(|index| figures[*index] != parts[*index]).collect();
    by_rest.sort_by(|a, b| (figures[*b] - parts[*b]).cmp(&(figures[*a] - parts[*a])).then(a.cmp(b)));
    for index in by_rest.iter().cycle() {
        if missing < unit {
            break;
        }
        parts[*index] += unit;
        missing -= unit;
    }
    for index in by_rest.iter().rev().cycle() {
        if missing > -unit {
            break;
        }
        parts[*index] -= unit;
        missing += unit;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rounding_leaves_goes_where_most_was_cut_off() {
        // SPEC: G-06
        let euro = Currency::parse("EUR").unwrap();
        let figures = ["24.3750", "24.3750", "0.2500"].map(|text| text.parse::<Decimal>().unwrap());
        let parts = settled(&figures, "49.00".parse().unwrap(), euro);
        assert_eq!(parts.iter().map(ToString::to_string).collect::<Vec<_>>(), ["24.38", "24.37", "0.25"]);
        let whole = settled(&["10.0000".parse().unwrap()], "10.00".parse().unwrap(), euro);
        assert_eq!(whole, ["10.00".parse::<Decimal>().unwrap()]);
    }

    #[test]
    fn many_roundings_may_be_units_away_from_one() {
        // SPEC: G-06
        let euro = Currency::parse("EUR").unwrap();
        let check = |figures: [&str; 4], whole: &str| {
            let figures = figures.map(|text| text.parse::<Decimal>().unwrap());
            let whole: Decimal = whole.parse().unwrap();
            let parts = settled(&figures, whole, euro);
            assert_eq!(parts.iter().sum::<Decimal>(), whole, "{parts:?}");
            assert!(parts.iter().all(|part| *part == euro.round(*part)), "{parts:?}");
        };
        check(["1.0090", "1.0090", "1.0090", "2.00"], "5.04");
        check(["1.0010", "1.0010", "1.0010", "2.00"], "4.99");
        check(["1.0090", "1.0010", "-0.3333", "2.00"], "3.68");
    }
}
