use serde_json::Value;

use crate::details::reading::{each, text};

/// What a pod uses, as the resource metrics API tells it: <https://github.com/kubernetes/metrics>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodUsage {
    /// The pod.
    pub pod: String,
    /// Thousandths of a processor.
    pub processor: u64,
    /// Bytes.
    pub memory: u64,
}

impl PodUsage {
    /// Reads the sum of a pod's containers; `None` if not all of it can be understood.
    pub fn read(metrics: &Value) -> Option<Self> {
        let (mut processor, mut memory) = (0.0, 0.0);
        for container in each(&metrics["containers"]) {
            processor += quantity(text(&container["usage"]["cpu"]))?;
            memory += quantity(text(&container["usage"]["memory"]))?;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast of a float ends at the limits"
        )]
        let whole = |number: f64| number.ceil() as u64;
        Some(Self {
            pod: text(&metrics["metadata"]["name"]).to_owned(),
            // Sums of fractions are a little more than they are.
            processor: whole(processor * 1000.0 - 1e-6),
            memory: whole(memory),
        })
    }

    /// In words, as `kubectl top` says it: `12m 34Mi`.
    pub fn said(&self) -> String {
        format!("{}m {}Mi", self.processor, self.memory >> 20)
    }
}

/// A number with its unit: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.
fn quantity(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 14] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("", 1.0),
    ];
    let (number, unit) = UNITS.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    let number: f64 = number.parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number * unit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(usages: &[(&str, &str)]) -> Option<String> {
        let containers: Vec<_> =
            usages.iter().map(|(cpu, memory)| json!({"usage": {"cpu": cpu, "memory": memory}})).collect();
        let metrics = json!({"metadata": {"name": "cart-1"}, "containers": containers});
        PodUsage::read(&metrics).map(|usage| usage.said())
    }

    #[test]
    fn what_the_containers_of_a_pod_use_is_added_up_in_whatever_units() {
        assert_eq!(said(&[("2500000n", "34816Ki"), ("9m", "1048576")]).as_deref(), Some("12m 35Mi"));
        assert_eq!(said(&[("1", "1Gi"), ("1e-1", "1M")]).as_deref(), Some("1100m 1024Mi"));
        assert_eq!(said(&[("100m", "1Mi"), ("200m", "1Mi")]).as_deref(), Some("300m 2Mi"));
        assert_eq!(said(&[]).as_deref(), Some("0m 0Mi"));
    }

    #[test]
    fn what_is_no_quantity_is_not_taken_for_one() {
        for odd in ["", "much", "-1", "NaN", "inf", "1x"] {
            assert_eq!(said(&[(odd, "1Mi")]), None, "{odd}");
        }
    }
}
