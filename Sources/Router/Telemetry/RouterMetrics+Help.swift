internal import Kernels
package import Shared

extension RouterMetrics {
    /// Says in a registry what each metric means, and which build and numerics are running.
    package static func describe(in registry: PrometheusRegistry, numerics: String) {
        for (name, help) in texts { registry.describe(name, help: help) }
        for name in ["medmoe_dispatch_seconds", "medmoe_step_seconds"] {
            registry.describe(name, help: texts[name] ?? "", buckets: .shortSeconds)
        }
        registry.observeGauge("medmoe_build_info", help: "Always 1; the labels say what is running.") {
            [
                .init(
                    1,
                    labels: [
                        ("version", SoftwareVersion.number), ("blas", BLASLibrary.coreType),
                        ("numerics", numerics),
                    ]
                )
            ]
        }
    }

    private static let texts = [
        "medmoe_num_requests_running": "Requests that compute now.",
        "medmoe_num_requests_waiting": "Requests that wait for admission.",
        "medmoe_kv_cache_positions": "Key/value cache positions reserved by running requests.",
        "medmoe_kv_cache_capacity_positions": "Key/value cache positions that there are.",
        "medmoe_prefix_cache_positions": "Key/value cache positions kept for prompts that begin the same way.",
        "medmoe_prefix_cache_queries_total": "Prompt positions that were looked up in the prefix cache.",
        "medmoe_prefix_cache_hits_total": "Prompt positions that the prefix cache knew.",
        "medmoe_prefix_cache_evictions_total": "Blocks that were given up for others.",
        "medmoe_images_encoded_total": "Pictures that the vision tower encoded.",
        "medmoe_prompt_tokens_total": "Prompt positions computed, pictures included.",
        "medmoe_generation_tokens_total": "Tokens generated.",
        "medmoe_time_to_first_token_seconds": "From submission to the first token.",
        "medmoe_request_queue_time_seconds": "From submission to admission.",
        "medmoe_e2e_request_latency_seconds": "From submission to the end of the answer.",
        "medmoe_step_seconds": "One pass through the model, its experts included.",
        "medmoe_dispatch_retries_total": "Rows sent again, to another replica or the same, by what went wrong.",
        "medmoe_dispatch_hedges_total": "Rows sent to a second replica because this node was slow with them.",
        "medmoe_parked_steps_total": "Steps of a request that wait for an expert to come back.",
        "medmoe_degraded_answers_total": "Answers made while an expert was missing, and marked so.",
        "medmoe_step_rows_total": "Rows computed in passes.",
        "medmoe_requests_total": "Requests over the query API by outcome: a finish reason or an error code.",
        "medmoe_dispatch_seconds": "From sending rows to a node to its answer.",
        "medmoe_dispatch_rows_total": "Rows that a node answered.",
        "medmoe_dispatch_bytes_total": "Bytes of rows to and from a node.",
        "medmoe_dispatch_failures_total": "Dispatches without a usable answer, by node and reason.",
        "medmoe_dropped_replies_total": "Replies that nobody waited for, or that were not messages.",
        "medmoe_link_changes_total": "Links that joined, were lost, silent or refused.",
        "medmoe_expert_rows_total": "Rows that each expert saw, by layer and index.",
    ]
}
