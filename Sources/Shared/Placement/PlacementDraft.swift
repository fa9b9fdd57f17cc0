/// A placement in the making: what lies where, what it weighs there, and why.
struct PlacementDraft {
    private struct Place {
        let node: PlacementPlanner.Node
        var experts: Set<ExpertID>
        var bytes = 0
    }

    private let moe: MoEConfiguration
    private let bytes: [ExpertID: Int]
    /// Rows of each expert; one for each where nothing was measured.
    private let load: [ExpertID: Double]
    private let shares: [ExpertID: Double]
    /// Whether nothing was measured.
    let isUnmeasured: Bool
    private var places: [Place]
    /// How many nodes hold each expert.
    private var counts: [ExpertID: Int] = [:]
    private var isAnew = false
    /// Why things are as they are; one is taken back when it proves untrue.
    private var notes: [PlacementReason] = []

    init(
        _ nodes: [PlacementPlanner.Node],
        of moe: MoEConfiguration,
        bytes: [ExpertID: Int],
        rows: [ExpertID: Int],
    ) {
        self.moe = moe
        self.bytes = bytes
        let known = Set(moe.experts)
        let measured = rows.filter { known.contains($0.key) && $0.value > 0 }
        isUnmeasured = measured.isEmpty
        load = Dictionary(
            uniqueKeysWithValues: known.map { ($0, measured.isEmpty ? 1 : Double(measured[$0] ?? 0)) }
        )
        var layers: [Int: Double] = [:]
        for (expert, rows) in measured { layers[expert.layer, default: 0] += Double(rows) }
        shares = measured.reduce(into: [:]) { shares, entry in
            shares[entry.key] = Double(entry.value) / (layers[entry.key.layer] ?? 1)
        }
        places = nodes.map { node in Place(node: node, experts: Set(node.experts).intersection(known)) }
        for index in places.indices { places[index].bytes = places[index].experts.reduce(0) { $0 + (bytes[$1] ?? 0) } }
        for expert in places.flatMap(\.experts) { counts[expert, default: 0] += 1 }
    }

    /// Why things are as they are.
    var reasons: [String] {
        (isAnew ? ["Experts had to be packed anew: where they lay, they were in the way of others."] : [])
            + notes.map(\.description)
    }

    /// What a node is to hold.
    func experts(on node: NodeID) -> Set<ExpertID> { places.first { $0.node.id == node }?.experts ?? [] }

    /// Takes experts away from nodes that may not hold them.
    mutating func fitGrants() {
        for index in places.indices {
            for expert in places[index].experts.sorted() where !mayHold(index, expert) {
                remove(expert, from: index)
                note(expert, index, .ungranted)
            }
        }
    }

    /// Takes experts away from nodes that hold more than they can, those first that are held elsewhere too.
    mutating func fitMemory() {
        for index in places.indices {
            while let memory = places[index].node.memoryBytes, places[index].bytes > memory {
                let victim = places[index].experts.min { left, right in
                    (copies(left) > 1 ? 0 : 1, load[left] ?? 0, left) < (
                        copies(right) > 1 ? 0 : 1, load[right] ?? 0, right
                    )
                }
                guard let victim else { break }
                remove(victim, from: index)
                note(victim, index, .crowded(bytes: memory))
            }
        }
    }

    /// Takes away copies beyond those that are wanted, from the nodes with the most to do.
    mutating func dropSurplus(_ wishes: PlacementPlanner.Wishes) {
        for expert in moe.experts {
            let isHot = share(expert) >= wishes.hotShare * PlacementPlanner.reluctance
            // Where nothing was measured, a second copy may well be there for a reason.
            let wanted = wishes.replicas + (isHot || isUnmeasured ? 1 : 0)
            while copies(expert) > wanted {
                let hosts = places.indices.filter { places[$0].experts.contains(expert) }
                guard let index = hosts.max(by: { (pressure($0), $0) < (pressure($1), $1) }) else { break }
                remove(expert, from: index)
                note(expert, index, .surplus(share: percent(expert), copies: wanted))
            }
        }
    }

    /// Gives every expert the copies that it has to have.
    ///
    /// - Parameter tightly: whether nodes are filled up one after the other instead of loaded equally.
    /// - Throws: `noRoom` when one fits nowhere.
    mutating func placeMissing(_ wishes: PlacementPlanner.Wishes, tightly: Bool = false) throws(PlacementError) {
        // Those first that may lie on the fewest nodes: others would take their places.
        let homes = Dictionary(uniqueKeysWithValues: moe.experts.map { ($0, nodesThatMayHold($0)) })
        let largestFirst = moe.experts.sorted { left, right in
            if homes[left] != homes[right] { return homes[left] ?? 0 < homes[right] ?? 0 }
            if bytes[left] != bytes[right] { return bytes[left] ?? 0 > bytes[right] ?? 0 }
            if load[left] != load[right] { return load[left] ?? 0 > load[right] ?? 0 }
            return left < right
        }
        for expert in largestFirst where !wishes.held.contains(expert) {
            while copies(expert) < wishes.replicas {
                let place = tightly ? tightestPlace(for: expert) : bestPlace(for: expert)
                guard let index = place else { throw noRoom(for: expert) }
                add(expert, to: index)
                guard !held(expert, index) else { continue }
                let isFirst = copies(expert) == 1
                note(expert, index, .missing(isFirst: isFirst, copies: wishes.replicas, tightly: tightly))
            }
        }
    }

    /// Forgets what lies where.
    mutating func clear() {
        for index in places.indices { (places[index].experts, places[index].bytes) = ([], 0) }
        (counts, notes, isAnew) = ([:], [], true)
    }

    /// Gives experts that see much one copy more, the hottest first, where there is room, and moves experts away from nodes
    /// with too much to do, which may make that room.
    mutating func useLoad(_ wishes: PlacementPlanner.Wishes) {
        for _ in 0..<4 {
            let before = places.map(\.experts)
            copyHot(wishes)
            balance()
            if places.map(\.experts) == before { break }
        }
    }

    private mutating func copyHot(_ wishes: PlacementPlanner.Wishes) {
        guard !isUnmeasured else { return }
        let hot = moe.experts
            .filter { share($0) >= wishes.hotShare && !wishes.held.contains($0) && copies($0) == wishes.replicas }
            .sorted { (-(load[$0] ?? 0), $0) < (-(load[$1] ?? 0), $1) }
        for expert in hot {
            notes.removeAll { $0.expert == expert && $0.node == nil }
            let index = bestPlace(for: expert)
            if let index {
                add(expert, to: index)
                if !held(expert, index) { note(expert, index, .hot(share: percent(expert))) }
            } else {
                note(expert, nil, .hotWithoutRoom(share: percent(expert), bytes: bytes[expert] ?? 0))
            }
        }
    }

    /// Moves experts from the node with the most load for each core to others, as long as that helps much.
    private mutating func balance() {
        // Each move takes from the fullest, so there is an end; the bound is for bad luck with many nodes.
        for _ in 0..<4 * moe.experts.count {
            guard let (from, to, expert) = bestMove() else { return }
            remove(expert, from: from)
            // It may be there for this plan only: then the reason why it came goes with it.
            let came = notes.firstIndex { $0.expert == expert && $0.node == places[from].node.id }
            let why = came.map { notes.remove(at: $0).why } ?? .moved(from: places[from].node.id)
            add(expert, to: to)
            if !held(expert, to) { note(expert, to, why) }
        }
    }

    private func bestMove() -> (from: Int, to: Int, ExpertID)? {
        let pressures = places.indices.map { pressure($0) }
        guard let from = pressures.indices.max(by: { (pressures[$0], -$0) < (pressures[$1], -$1) }) else { return nil }
        let cores = places.reduce(0) { $0 + $1.node.cores }
        let mean = zip(pressures, places).reduce(0) { $0 + $1.0 * Double($1.1.node.cores) } / Double(max(1, cores))
        guard pressures[from] > mean * PlacementPlanner.tolerance else { return nil }
        var best: (worst: Double, from: Int, to: Int, ExpertID)?
        for expert in places[from].experts.sorted() {
            let part = (load[expert] ?? 0) / Double(max(1, copies(expert)))
            guard part > 0 else { continue }
            for to in places.indices where to != from && hasRoom(to, for: expert) {
                let worst = max(
                    pressures[from] - part / Double(places[from].node.cores),
                    pressures[to] + part / Double(places[to].node.cores),
                )
                if best == nil || worst < best?.worst ?? 0 { best = (worst, from, to, expert) }
            }
        }
        // A move is a load of weights: not for a trifle.
        guard let best, best.worst < pressures[from] * 0.9 else { return nil }
        return (best.from, best.to, best.3)
    }

    /// Where one copy more does best: nodes that hold the expert already before the plan, then the least loaded.
    private func bestPlace(for expert: ExpertID) -> Int? {
        let part = (load[expert] ?? 0) / Double(copies(expert) + 1)
        return places.indices.filter { hasRoom($0, for: expert) }.min { left, right in
            let had = (held(expert, left), held(expert, right))
            if had.0 != had.1 { return had.0 }
            let after = [left, right].map { pressure($0) + part / Double(places[$0].node.cores) }
            if after[0] != after[1] { return after[0] < after[1] }
            return places[left].bytes != places[right].bytes ? places[left].bytes < places[right].bytes : left < right
        }
    }

    /// Where the expert leaves the least room over.
    private func tightestPlace(for expert: ExpertID) -> Int? {
        places.indices.filter { hasRoom($0, for: expert) }.min { left, right in
            let free = [left, right].map { (places[$0].node.memoryBytes ?? .max) - places[$0].bytes }
            return (free[0], left) < (free[1], right)
        }
    }

    private func hasRoom(_ index: Int, for expert: ExpertID) -> Bool {
        guard !places[index].experts.contains(expert), mayHold(index, expert) else { return false }
        return places[index].node.memoryBytes.map { places[index].bytes + (bytes[expert] ?? 0) <= $0 } ?? true
    }

    private func nodesThatMayHold(_ expert: ExpertID) -> Int { places.indices.count { mayHold($0, expert) } }

    private func mayHold(_ index: Int, _ expert: ExpertID) -> Bool {
        places[index].node.granted?.contains(expert) ?? true
    }

    private func copies(_ expert: ExpertID) -> Int { counts[expert] ?? 0 }

    /// Load for each core of a node, when every copy of an expert takes an equal part.
    private func pressure(_ index: Int) -> Double {
        // In order, for sums of the same numbers in another order differ in their last bits.
        places[index].experts.sorted().reduce(0) { $0 + (load[$1] ?? 0) / Double(max(1, copies($1))) }
            / Double(places[index].node.cores)
    }

    private func share(_ expert: ExpertID) -> Double { shares[expert] ?? 0 }

    private func percent(_ expert: ExpertID) -> String { "\(Int((share(expert) * 100).rounded())) %" }

    private mutating func add(_ expert: ExpertID, to index: Int) {
        places[index].experts.insert(expert)
        // It does not leave then.
        notes.removeAll { $0.expert == expert && $0.node == places[index].node.id }
        places[index].bytes += bytes[expert] ?? 0
        counts[expert, default: 0] += 1
    }

    private mutating func remove(_ expert: ExpertID, from index: Int) {
        places[index].experts.remove(expert)
        places[index].bytes -= bytes[expert] ?? 0
        counts[expert, default: 0] -= 1
    }

    /// Whether the node held the expert before there was a plan.
    private func held(_ expert: ExpertID, _ index: Int) -> Bool { places[index].node.experts.contains(expert) }

    private mutating func note(_ expert: ExpertID, _ index: Int?, _ why: PlacementReason.Why) {
        notes.append(PlacementReason(expert: expert, node: index.map { places[$0].node.id }, why: why))
    }

    private func noRoom(for expert: ExpertID) -> PlacementError {
        let allowed = places.indices.filter { mayHold($0, expert) }
        guard allowed.contains(where: { !places[$0].experts.contains(expert) }) || allowed.count == places.count else {
            return PlacementError(
                .noRoom,
                "expected \(copies(expert) + 1) nodes that may hold expert \(expert), found \(allowed.count): the "
                    + "allow-list grants it to no others of the plan; grant it to more, or ask for fewer copies"
            )
        }
        let free = allowed.map { places[$0] }.filter { !$0.experts.contains(expert) }.map { place in
            (place.node.id, (place.node.memoryBytes ?? 0) - place.bytes)
        }
        let most = free.max { ($0.1, $1.0) < ($1.1, $0.0) }
        return PlacementError(
            .noRoom,
            "expected \(bytes[expert] ?? 0) bytes free for expert \(expert) on a node, found at most "
                + "\(max(0, most?.1 ?? 0))\(most.map { " on node \($0.0)" } ?? ""); give nodes more memory, start "
                + "another, or ask for fewer copies"
        )
    }
}
