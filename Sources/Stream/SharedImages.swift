/// The images that clients can get at the moment: few, each for a short time, so that no client can make the daemon hold
/// more by keeping what he got. What a client has not read by then is gone: its file is empty.
struct SharedImages {
    /// Which image a client's line speaks of.
    struct Reference {
        fileprivate var place: Int
        fileprivate var number: UInt64
    }

    private struct Place {
        /// -1: the place is free.
        var descriptor: Int32 = -1
        var number: UInt64 = 0
        /// When the image is taken back.
        var end: UInt64 = 0
    }

    private let places: UnsafeMutableBufferPointer<Place>
    private var lastNumber: UInt64 = 0

    init(count: Int) {
        places = .allocate(capacity: count)
        places.initialize(repeating: Place())
    }

    /// Takes all images back and the memory with them. Nothing may be called after it.
    func deallocate() {
        for index in places.indices { takeBack(index) }
        places.deallocate()
    }

    var hasRoom: Bool {
        for place in places where place.descriptor < 0 { return true }
        return false
    }

    /// Seals an image and contains it until `end`. nil where there is no room for it, or it cannot be sealed.
    mutating func add(_ image: CapturedImage, until end: UInt64) -> Reference? {
        for index in places.indices where places[index].descriptor < 0 {
            guard clinux_memfd_seal(image.descriptor) == 0, let own = try? image.retained() else { return nil }
            lastNumber += 1
            places[index] = Place(descriptor: own.descriptor, number: lastNumber, end: end)
            return Reference(place: index, number: lastNumber)
        }
        return nil
    }

    /// A descriptor of one's own for an image, to be closed; -1 where it has been taken back.
    func open(_ reference: Reference) -> Int32 {
        let place = places[reference.place]
        var descriptor: Int32 = -1
        guard place.descriptor >= 0, place.number == reference.number,
            clinux_memfd_reopen(place.descriptor, &descriptor) == 0
        else { return -1 }
        return descriptor
    }

    /// Takes back what is due. Returns when the next one is, `.max` where there is none.
    func takeBack(due now: UInt64) -> UInt64 {
        var next = UInt64.max
        for index in places.indices where places[index].descriptor >= 0 {
            if now >= places[index].end { takeBack(index) } else { next = min(next, places[index].end) }
        }
        return next
    }

    private func takeBack(_ index: Int) {
        guard places[index].descriptor >= 0 else { return }
        // Closing is not enough: clients may keep theirs.
        _ = clinux_memfd_cut(places[index].descriptor, 0)
        _ = clinux_close(places[index].descriptor)
        places[index].descriptor = -1
    }
}
