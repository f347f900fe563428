/// One network's tensors among all that a checkpoint contains.
struct NetworkWeights {
    let architecture: Architecture
    let classCount: Int
    /// Under the network's own names.
    let checkpoint: Checkpoint
    let notes: [ImportNote]

    /// Finds the one set of tensors that is a whole network: in whatever dictionary, behind whatever prefix. Averaged
    /// weights go before others.
    ///
    /// - Parameters:
    ///   - architectures: only these; nil: all that are known, and others of their families.
    ///   - place: only what lies there, as `ambiguousWeights` names places; nil: everywhere.
    static func find(
        in file: CheckpointFile, architectures: [Architecture]?, place: String?
    ) throws(QuantizerError) -> NetworkWeights {
        let search = WeightsSearch(file, architectures)
        var groups = search.groups
        if let place {
            groups = groups.filter { $0.place == place || $0.place.hasPrefix(place + "/") }
            guard !groups.isEmpty else {
                throw .noSuchWeights(place, places: search.groups.filter(\.isWhole).map(\.place))
            }
        }
        let whole = groups.filter(\.isWhole)
        guard !whole.isEmpty else { throw search.failure(groups, isNamed: architectures != nil) }
        // Of those beneath one name of an average the one that has such a name itself: ema/ema_model, not ema/online_model.
        let averaged = whole.filter(\.isAveraged), named = averaged.filter(\.isNamedAverage)
        let candidates = try search.distinct(averaged.isEmpty ? whole : named.isEmpty ? averaged : named)
        guard candidates.count == 1 else { throw .ambiguousWeights(places: candidates.map(\.place)) }
        let chosen = candidates[0]
        var notes: [ImportNote] = []
        if chosen.isAveraged {
            notes.append(.averaged(chosen.place, others: whole.map(\.place).filter { $0 != chosen.place }))
            if let lender = chosen.lender { notes.append(.statistics(lender)) }
        } else if let place = search.unclearAverage(than: chosen) {
            notes.append(.unclearAverage(place, chosen: chosen.place))
        } else if let part = groups.first(where: { $0.isAveraged && !$0.isWhole && $0.found * 2 > $0.expected }) {
            notes.append(.incompleteAverage(part.place, missing: part.unusable, chosen: chosen.place))
        }
        if !chosen.prefix.isEmpty { notes.append(.prefix(chosen.prefix)) }
        let rest = search.leftOver(beside: chosen, whole)
        if !rest.isEmpty { notes.append(.leftOver(rest)) }
        if !file.skipped.isEmpty { notes.append(.skipped(file.skipped)) }
        return NetworkWeights(
            architecture: chosen.architecture, classCount: chosen.classCount,
            checkpoint: try search.checkpoint(of: chosen), notes: notes)
    }
}

/// Tensors of one dictionary whose names have one prefix before those of a network.
struct WeightsGroup {
    var dictionary: Int
    /// With its dot; empty where names are the network's own.
    var prefix: String
    /// Entries of the dictionary by the network's names.
    var entries: [String: Int] = [:]
    /// What these lack, and who has it: averages of parameters alone go with the statistics of what was averaged.
    var borrowed: [String: TensorDictionary.Entry] = [:]
    var lender: String?
    /// The network that fits best.
    var architecture = Architecture.known[0]
    var classCount = 0
    /// Tensors of that network, and how many of them are there in their shape.
    var expected = 0
    var found = 0
    /// Those of another element type than weights have.
    var notFloating = 0
    /// Keys and prefix.
    var place = ""
    var isAveraged = false
    /// By the last of its keys and parts of the prefix.
    var isNamedAverage = false

    var unusable: Int { expected - found + notFloating }
    var isWhole: Bool { found == expected && expected > 0 && notFloating == 0 }
}

struct WeightsSearch {
    /// Groups that are looked at closely; a file with more is no checkpoint.
    private static let groupLimit = 256

    let file: CheckpointFile
    private let architectures: [Architecture]
    /// Networks of other sizes than these are found by one of each family.
    private let families: [Architecture]
    var groups: [WeightsGroup] = []

    init(_ file: CheckpointFile, _ named: [Architecture]?) {
        self.file = file
        architectures = named ?? Architecture.known
        families = named == nil ? Architecture.families : []
        var names: Set<String> = []
        for architecture in architectures {
            names.formUnion(ExpectedTensors.of(architecture, classCount: Self.commonClassCount).shapes.keys)
        }
        for family in families { names.formUnion(family.namesOfAnyDepth) }
        let flattened = Dictionary(names.map { (Self.flat($0), $0) }) { first, _ in first }
        for index in file.dictionaries.indices where !file.dictionaries[index].isList {
            groups += Self.groups(of: file.dictionaries[index], index, names, flattened)
        }
        groups.sort { $0.entries.count > $1.entries.count }
        groups = Array(groups.prefix(Self.groupLimit))
        for index in groups.indices {
            var group = groups[index]
            fit(&group)
            describe(&group)
            groups[index] = group
        }
        completeAverages()
        // As they stand in the file.
        groups.sort { ($0.dictionary, $0.place) < ($1.dictionary, $1.place) }
    }

    /// Wrappers of single modules put these into the middle of names.
    private static let wrappers: Set<Substring> = [
        "module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module",
    ]

    private static func groups(
        of dictionary: TensorDictionary, _ index: Int, _ known: Set<String>, _ flattened: [String: String]
    ) -> [WeightsGroup] {
        var groups: [String: WeightsGroup] = [:]
        func add(_ entry: Int, _ name: String, _ prefix: String) {
            var group = groups[prefix] ?? WeightsGroup(dictionary: index, prefix: prefix)
            if group.entries[name] == nil { group.entries[name] = entry }
            groups[prefix] = group
        }
        for (entry, tensor) in dictionary.entries.enumerated() {
            // Longer and deeper than any wrapping makes names.
            guard tensor.name.utf8.count <= 512 else { continue }
            let parts = tensor.name.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count <= 64 else { continue }
            // Some averages are buffers of a module, whose names have no dots.
            if let name = flattened[flat(parts[parts.count - 1])] {
                add(entry, name, parts.dropLast().map { $0 + "." }.joined())
                continue
            }
            for start in parts.indices where !wrappers.contains(parts[start]) {
                let name = parts[start...].filter { !wrappers.contains($0) }.joined(separator: ".")
                guard known.contains(name) else { continue }
                add(entry, name, parts[..<start].map { $0 + "." }.joined())
                break
            }
        }
        return Array(groups.values)
    }

    private static func flat(_ name: some StringProtocol) -> String { String(name.filter { $0 != "." && $0 != "_" }) }

    /// COCO's, with the background: of what has no last layer.
    private static let commonClassCount = 81

    func expected(_ architecture: Architecture, _ classCount: Int) -> [SourceTensor] {
        ExpectedTensors.of(architecture, classCount: classCount).list
    }

    func entry(_ group: WeightsGroup, _ name: String) -> TensorDictionary.Entry? {
        group.entries[name].map { file.dictionaries[group.dictionary].entries[$0] } ?? group.borrowed[name]
    }

    private func fit(_ group: inout WeightsGroup) {
        let entries = file.dictionaries[group.dictionary].entries
        let shapes = group.entries.mapValues { entries[$0].shape }
        func shape(_ name: String) -> [Int]? { shapes[name] ?? nil }
        func consider(_ architecture: Architecture) {
            let classCount = architecture.classCount(shape) ?? Self.commonClassCount
            let expected = ExpectedTensors.of(architecture, classCount: classCount)
            let found =
                expected.shapes.count < shapes.count
                ? expected.shapes.count { shapes[$0.key] == $0.value } : shapes.count { expected.shapes[$0.key] == $0.value }
            guard group.expected == 0 || found * group.expected > group.found * expected.list.count else { return }
            (group.architecture, group.classCount) = (architecture, classCount)
            (group.found, group.expected) = (found, expected.list.count)
        }
        for architecture in architectures { consider(architecture) }
        if group.found < group.expected {
            for family in families {
                if let fitted = family.fitted(shape) { consider(fitted) }
            }
        }
        group.notFloating = expected(group.architecture, group.classCount).count { tensor in
            let entry = group.entries[tensor.name].map { entries[$0] }
            return entry?.shape == tensor.shape && entry?.otherElementType != nil
        }
    }

    private func describe(_ group: inout WeightsGroup) {
        let dictionary = file.dictionaries[group.dictionary]
        let wrapped = group.prefix.split(separator: ".").map(String.init)
        group.place = (dictionary.place + wrapped).joined(separator: "/")
        // torch.optim.swa_utils.AveragedModel counts beside the module that it wraps.
        let counter = "n_averaged"
        let isCounted = dictionary.entries.contains { entry in
            entry.name.hasSuffix(counter) && group.prefix.hasPrefix(entry.name.dropLast(counter.count) + "module.")
        }
        // Lightning's WeightAveraging keeps the raw weights elsewhere.
        let isLightning =
            dictionary.place == ["state_dict"]
            && file.dictionaries.contains { $0.place == ["current_model_state"] }
        let keys = dictionary.place + wrapped
        group.isAveraged = isCounted || isLightning || keys.contains(where: Self.isAverage)
        group.isNamedAverage = isCounted || keys.last.map(Self.isAverage) ?? false
    }

    /// Whether a key or a part of a prefix says that weights are averaged: ema, model_ema, state_dict_ema, EMAModel,
    /// averaged_model, swa, ...
    static func isAverage(_ key: String) -> Bool {
        let words: Set<String> = [
            "ema", "emas", "averaged", "average", "avg", "averaging", "swa", "ewma", "polyak", "emamodel", "modelema",
            "netema", "emanet", "emaweights", "averagedmodel", "averagemodel", "swamodel", "shadow",
        ]
        // Adam's, of gradients.
        if key.hasPrefix("exp_avg") { return false }
        // Words end at what is no letter, and before a capital that begins another: EMAModel, modelEma.
        var word = ""
        let letters = Array(key) + ["_"]
        for (index, letter) in letters.enumerated() {
            let next = index + 1 < letters.count ? letters[index + 1] : "_"
            let begins = letter.isUppercase && (word.last?.isLowercase == true || next.isLowercase)
            if !letter.isLetter || begins {
                if words.contains(word.lowercased()) { return true }
                word = letter.isLetter ? String(letter) : ""
            } else {
                word.append(letter)
            }
        }
        return words.contains(key.lowercased().filter(\.isLetter))
    }

    /// One of each that hold other values.
    func distinct(_ groups: [WeightsGroup]) throws(QuantizerError) -> [WeightsGroup] {
        var distinct: [WeightsGroup] = []
        for group in groups {
            var isNew = true
            // Values are compared for as many as people save.
            for other in distinct.prefix(8) where try isSame(group, other) { isNew = false }
            if isNew { distinct.append(group) }
        }
        return distinct
    }

    private func isSame(_ one: WeightsGroup, _ other: WeightsGroup) throws(QuantizerError) -> Bool {
        guard one.architecture.name == other.architecture.name, one.classCount == other.classCount else { return false }
        let names = expected(one.architecture, one.classCount).map(\.name)
        if names.allSatisfy({ entry(one, $0)!.isSame(as: entry(other, $0)!) }) { return true }
        let (left, right) = (try checkpoint(of: one), try checkpoint(of: other))
        do {
            for name in names {
                if try left[name]!.bytes() != right[name]!.bytes() { return false }
            }
        } catch {
            throw .checkpoint(error)
        }
        return true
    }

    /// The tensors of a group that is whole.
    func checkpoint(of group: WeightsGroup) throws(QuantizerError) -> Checkpoint {
        let names = expected(group.architecture, group.classCount).map(\.name)
        do {
            let tensors = try file.tensors(of: names.map { entry(group, $0)! })
            return try Checkpoint(zip(names, tensors).map { $1.named($0) })
        } catch {
            throw .checkpoint(error)
        }
    }

    /// Tensors of the dictionary that are no part of the network, nor of another whole one beside it.
    func leftOver(beside chosen: WeightsGroup, _ whole: [WeightsGroup]) -> [String] {
        let names = Set(expected(chosen.architecture, chosen.classCount).map(\.name))
        var used: Set<Int> = []
        var prefixes: [String] = [chosen.prefix]
        for group in whole where group.dictionary == chosen.dictionary {
            used.formUnion(group.entries.lazy.filter { names.contains($0.key) }.map(\.value))
            prefixes.append(group.prefix)
        }
        let entries = file.dictionaries[chosen.dictionary].entries
        return entries.indices.filter { index in
            guard !used.contains(index), entries[index].shape != nil else { return false }
            return !prefixes.contains { Self.isCounter(entries[index].name, behind: $0, of: names) }
        }.map { entries[$0].name }
    }

    /// A counter of training steps beside every batch norm; inference has no use for it.
    private static func isCounter(_ name: String, behind prefix: String, of names: Set<String>) -> Bool {
        let counter = ".num_batches_tracked"
        guard name.hasSuffix(counter), name.hasPrefix(prefix) else { return false }
        let parts = name.dropFirst(prefix.count).dropLast(counter.count).split(separator: ".")
        return names.contains(parts.filter { !wrappers.contains($0) }.joined(separator: ".") + ".running_mean")
    }

    /// Why none of these is a whole network.
    func failure(_ groups: [WeightsGroup], isNamed: Bool) -> QuantizerError {
        guard let best = groups.max(by: { $0.found * $1.expected < $1.found * $0.expected }) else {
            return isNamed
                ? .mismatch(architecture: architectures[0].name, missing(architectures[0], nil))
                : .unknownArchitecture(
                    best: architectures[0].name, found: 0, expected: expected(architectures[0], Self.commonClassCount).count)
        }
        for tensor in expected(best.architecture, best.classCount) {
            if let maker = entry(best, tensor.name)?.maker {
                return .checkpoint(.unknownTensor(tensor.name, maker: maker))
            }
        }
        guard isNamed || best.found * 2 > best.expected else {
            return .unknownArchitecture(best: best.architecture.name, found: best.found, expected: best.expected)
        }
        let unexpected = leftOver(beside: best, [best]).map { name in
            QuantizerError.TensorProblem.unexpected(
                name, found: file.dictionaries[best.dictionary].entries.first { $0.name == name }?.shape ?? [])
        }
        return .mismatch(architecture: best.architecture.name, missing(best.architecture, best) + unexpected)
    }

    private func missing(
        _ architecture: Architecture, _ group: WeightsGroup?
    ) -> [QuantizerError.TensorProblem] {
        expected(architecture, group?.classCount ?? Self.commonClassCount).compactMap { tensor in
            guard let group, let entry = entry(group, tensor.name) else {
                return .missing(tensor.name, expected: tensor.shape)
            }
            let shape = entry.shape ?? []
            guard shape == tensor.shape else { return .shape(tensor.name, expected: tensor.shape, found: shape) }
            return entry.otherElementType.map { .elementType(tensor.name, found: $0) }
        }
    }
}
