/// Finds labels by their names in a time that grows with the logarithm of their number.
struct SortedLabels {
    private let labels: [ArraySlice<UInt8>]
    /// Places of the labels in the order of their bytes, equal ones in the order of their places.
    let order: [Int]

    init(_ labels: [ArraySlice<UInt8>]) {
        self.labels = labels
        order = labels.indices.sorted {
            if labels[$0] == labels[$1] { return $0 < $1 }
            return labels[$0].lexicographicallyPrecedes(labels[$1])
        }
    }

    /// Places of all labels that are called so, in their order.
    func places(of label: [UInt8]) -> ArraySlice<Int> {
        var (low, high) = (0, order.count)
        while low < high {
            let middle = (low + high) / 2
            if labels[order[middle]].lexicographicallyPrecedes(label) { low = middle + 1 } else { high = middle }
        }
        while high < order.count, labels[order[high]].elementsEqual(label) { high += 1 }
        return order[low..<high]
    }
}
