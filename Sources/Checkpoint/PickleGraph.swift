/// What a pickle describes. Objects refer to each other by index: a deeply nested or cyclic graph is as flat as any
/// other, so neither walking nor releasing it can exhaust the stack.
struct PickleGraph {
    typealias Reference = Int

    enum Node {
        /// None, numbers that are not whole, sets: what no tensor depends on.
        case opaque
        /// Bytes, or a text that is too long for a name, where the file has them.
        case bytes(Range<Int>)
        case longText(Range<Int>)
        case integer(Int)
        /// Two's complement, little endian, more than eight bytes.
        case wideInteger([UInt8])
        case string(String)
        case global(PickleGlobal)
        case tuple([Reference])
        case list(Int)
        case dictionary(Int)
        case boolean(Bool)
        case object(Int)
        // Boxed: there are few, and the many others stay small.
        indirect case storage(StorageReference)
        indirect case tensor(TensorReference)
    }

    /// A storage as a persistent identifier names it.
    struct StorageReference: Equatable {
        var key: String
        var elementType: ElementType
        var elementCount: Int
        /// Elements to skip, where the storage is a view of the one that is stored.
        var firstElement = 0
    }

    struct TensorReference: Equatable {
        var storage: StorageReference
        var offset: Int
        var shape: [Int]
        var strides: [Int]
    }

    /// What a global that is not known would make.
    struct Object {
        /// The maker of a tensor whose elements are to be negated or conjugated when they are read.
        static let changedView = "a negated or conjugated view"

        /// The global's qualified name.
        var maker: String
        var arguments: [Reference]
        /// What the object's attributes are set from; a dictionary where its class does nothing else.
        var state: Reference?
        /// Of a kind of list, and of a kind of dictionary.
        var elements: [Reference] = []
        var items: [(key: Reference, value: Reference)] = []
    }

    var nodes: [Node] = []
    var lists: [[Reference]] = []
    var dictionaries: [[(key: Reference, value: Reference)]] = []
    var objects: [Object] = []
    var root: Reference = 0

    func string(_ reference: Reference) -> String? {
        if case .string(let value) = nodes[reference] { value } else { nil }
    }

    func integer(_ reference: Reference) -> Int? {
        if case .integer(let value) = nodes[reference] { value } else { nil }
    }

    /// The elements of a tuple or list.
    func elements(_ reference: Reference) -> [Reference]? {
        switch nodes[reference] {
        case .tuple(let elements): elements
        case .list(let index): lists[index]
        default: nil
        }
    }

    func integers(_ reference: Reference) -> [Int]? {
        guard let elements = elements(reference) else { return nil }
        var values: [Int] = []
        for element in elements {
            guard let value = integer(element) else { return nil }
            values.append(value)
        }
        return values
    }

    func dictionary(_ reference: Reference) -> [(key: Reference, value: Reference)]? {
        if case .dictionary(let index) = nodes[reference] { dictionaries[index] } else { nil }
    }

    func object(_ reference: Reference) -> Object? {
        if case .object(let index) = nodes[reference] { objects[index] } else { nil }
    }
}
