/// Averages that are no whole network by themselves: of parameters without batch norm's statistics, or in a list without
/// names. Who made them copies them over the parameters of the network that was averaged; so does this.
extension WeightsSearch {
    private static let statistics = [".running_mean", ".running_var", ".num_batches_tracked"]

    private static func isStatistic(_ name: String) -> Bool { statistics.contains { name.hasSuffix($0) } }

    mutating func completeAverages() {
        let raw = groups.filter { $0.isWhole && !$0.isAveraged }
        for index in groups.indices where groups[index].isAveraged && !groups[index].isWhole {
            var group = groups[index]
            complete(&group, from: raw)
            groups[index] = group
        }
        for (index, list) in file.dictionaries.enumerated() where list.isList && list.place.contains(where: Self.isAverage) {
            for lender in raw {
                guard let group = named(list, index, after: lender) else { continue }
                groups.append(group)
                break
            }
        }
    }

    private mutating func complete(_ group: inout WeightsGroup, from raw: [WeightsGroup]) {
        let expected = expected(group.architecture, group.classCount)
        let missing = expected.filter { group.entries[$0.name] == nil }.map(\.name)
        guard group.found + missing.count == expected.count, missing.allSatisfy(Self.isStatistic) else { return }
        let fitting = raw.filter { $0.architecture.name == group.architecture.name && $0.classCount == group.classCount }
        guard let lender = fitting.first, isSameStatistics(fitting, missing) else { return }
        for name in missing { group.borrowed[name] = entry(lender, name) }
        group.lender = lender.place
        group.found = expected.count
    }

    /// Whether it makes no difference whose statistics are taken.
    private func isSameStatistics(_ groups: [WeightsGroup], _ names: [String]) -> Bool {
        func entries(_ group: WeightsGroup) -> [TensorDictionary.Entry] { names.compactMap { entry(group, $0) } }
        func bytes(_ entries: [TensorDictionary.Entry]) -> [[UInt8]]? {
            try? file.tensors(of: entries).map { try $0.bytes() }
        }
        guard let first = groups.first.map(entries), first.count == names.count else { return false }
        return groups.dropFirst().map(entries).allSatisfy { other in
            guard other.count == names.count else { return false }
            if zip(first, other).allSatisfy({ $0.isSame(as: $1) }) { return true }
            guard let one = bytes(first), let another = bytes(other) else { return false }
            return one == another
        }
    }

    /// A list's tensors by the names of the network's parameters, whose order it has; nil where it has another.
    private func named(_ list: TensorDictionary, _ index: Int, after lender: WeightsGroup) -> WeightsGroup? {
        let parameters = file.dictionaries[lender.dictionary].entries.enumerated().filter { _, entry in
            entry.name.hasPrefix(lender.prefix) && !Self.isStatistic(entry.name) && entry.shape != nil
        }
        guard parameters.count == list.entries.count,
            zip(parameters, list.entries).allSatisfy({ $0.element.shape == $1.shape })
        else { return nil }
        let places = Dictionary(zip(parameters.map(\.offset), list.entries.indices)) { first, _ in first }
        var group = lender
        group.dictionary = index
        group.prefix = ""
        group.entries = lender.entries.compactMapValues { places[$0] }
        for (name, entry) in lender.entries where group.entries[name] == nil {
            group.borrowed[name] = file.dictionaries[lender.dictionary].entries[entry]
        }
        group.lender = group.borrowed.isEmpty ? nil : lender.place
        group.place = list.place.joined(separator: "/")
        group.isAveraged = true
        group.isNamedAverage = true
        return group
    }

    /// Where else tensors lie that are averaged by their name, as many as the network's parameters or more, none of which
    /// is known.
    func unclearAverage(than chosen: WeightsGroup) -> String? {
        let count = expected(chosen.architecture, chosen.classCount).count { !Self.isStatistic($0.name) }
        let known = Set(groups.lazy.filter { $0.found > 0 }.map(\.dictionary))
        return file.dictionaries.enumerated().first { index, dictionary in
            !known.contains(index) && dictionary.entries.count >= count && dictionary.place.contains(where: Self.isAverage)
        }?.element.place.joined(separator: "/")
    }
}
