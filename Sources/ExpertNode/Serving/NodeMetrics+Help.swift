internal import Kernels
package import Shared

extension NodeMetrics {
    /// Says in a registry what each metric means, and which build and numerics are running.
    package static func describe(in registry: PrometheusRegistry, numerics: String) {
        for (name, help) in texts { registry.describe(name, help: help) }
        for name in ["medmoe_node_compute_seconds", "medmoe_node_queue_wait_seconds"] {
            registry.describe(name, help: texts[name] ?? "", buckets: .shortSeconds)
        }
        registry.observeGauge("medmoe_build_info", help: "Always 1; the labels say what is running.") {
            [.init(1, labels: [("version", SoftwareVersion.number), ("numerics", numerics)])]
        }
    }

    private static let texts = [
        "medmoe_node_queued_rows": "Rows that wait to be computed.",
        "medmoe_node_queued_bytes": "Bytes of the rows that wait.",
        "medmoe_node_queue_wait_seconds": "From accepting rows to beginning to compute them.",
        "medmoe_node_compute_seconds": "One batch of rows through one expert.",
        "medmoe_node_rows_total": "Rows computed, by expert index.",
        "medmoe_node_batches_total": "Batches computed, by expert index.",
        "medmoe_node_batched_dispatches_total": "Dispatches whose rows shared batches, by expert index.",
        "medmoe_node_faults_total": "Messages answered by a fault, by reason.",
        "medmoe_node_orphaned_total": "Dispatches dropped because their router was gone.",
        "medmoe_node_canary_failures_total": "Experts withdrawn because they did not compute what they should.",
        "medmoe_node_cancelled_total": "Dispatches taken back before they were computed.",
    ]
}
