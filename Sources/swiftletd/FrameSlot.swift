import CLinux
import Camera
import Model
import Pixels
import Stream
import Threading
import Vision

/// The one place between capture and inference: it holds the newest picture, ready for the network.
///
/// The capturing thread fills a tensor of its own and changes it for the slot's: a slow network makes it replace
/// pictures, never queue them. `@unchecked Sendable`: what both threads touch is guarded by `lock`.
final class FrameSlot: @unchecked Sendable {
    struct Item {
        var sequence: UInt64
        var capturedMonotonic: UInt64
        var capturedRealtime: UInt64
        var name: FrameName
        /// Upright.
        var size: PictureSize
        /// Since the start: pictures that could not be used, and frames of a camera that came while another was worked
        /// on.
        var corruptFrames: UInt64
        var droppedFrames: UInt64
        /// The frame as it was captured, where a client waits for it. Whoever takes the item closes it or hands it on.
        var picture: CapturedPicture?
    }

    enum Taken {
        case item(Item)
        /// There will be no more.
        case ended
        case stopped
    }

    private let lock: Lock
    /// Readable once there is something to take, and once the slot is free.
    private let filled: Event
    private let freed: Event
    private var item: Item?
    private var hasEnded = false
    /// The item that was taken last has a picture.
    private var isPictureInWork = false
    private var replaced: UInt64 = 0
    private var front: PictureInput.Tensor
    private var back: PictureInput.Tensor

    /// For tensors like a network's own.
    init(like tensor: PictureInput.Tensor) throws(SystemError) {
        lock = try Lock()
        filled = try Event()
        freed = try Event()
        front = Self.allocate(like: tensor)
        back = Self.allocate(like: tensor)
    }

    deinit {
        item?.picture?.close()
        for tensor in [front, back] {
            switch tensor {
            case .bytes(let bytes): bytes.deallocate()
            case .values(let values): values.deallocate()
            }
        }
    }

    private static func allocate(like tensor: PictureInput.Tensor) -> PictureInput.Tensor {
        switch tensor {
        case .bytes(let bytes):
            let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
            copy.initialize(repeating: 0)
            return .bytes(copy)
        case .values(let values):
            let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: values.count)
            copy.initialize(repeating: 0)
            return .values(copy)
        }
    }

    // MARK: - The capturing thread's side

    /// The tensor to fill before `put`.
    var tensor: PictureInput.Tensor { back }

    /// A picture for the next item: that of the item which nobody has taken yet, so that at most one waits. nil where
    /// one is being worked on: who waits for a picture gets that.
    func makePicture() throws(PictureError) -> CapturedPicture? {
        var waiting: CapturedPicture?
        let isInWork = lock.locked {
            waiting = item?.picture
            item?.picture = nil
            return isPictureInWork
        }
        if let waiting { return waiting }
        return isInWork ? nil : try CapturedPicture()
    }

    /// Hands the filled tensor over; what nobody took is replaced. Returns whether that happened.
    func put(_ next: Item) -> Bool {
        let isReplacement = lock.locked {
            let isReplacement = item != nil
            if isReplacement { replaced += 1 }
            item?.picture?.close()
            item = next
            (front, back) = (back, front)
            return isReplacement
        }
        filled.signal()
        return isReplacement
    }

    /// Waits until nothing is left to take. False when `interrupt` became readable first.
    func waitUntilFree(interrupt: Int32) -> Bool {
        while true {
            freed.clear()
            if lock.locked({ item == nil }) { return true }
            var isInterrupted = false, isFreed = false
            _ = clinux_wait_readable(interrupt, freed.descriptor, -1, &isInterrupted, &isFreed)
            if isInterrupted { return false }
        }
    }

    /// The last thing that the capturing thread does.
    func end() {
        lock.locked { hasEnded = true }
        filled.signal()
    }

    // MARK: - The network's side

    /// Waits for a picture and copies it to `tensor`, which is like the slot's.
    func take(into tensor: PictureInput.Tensor, stop: Int32) -> Taken {
        while true {
            filled.clear()
            let taken: Taken? = lock.locked {
                guard let next = item else { return hasEnded ? .ended : nil }
                item = nil
                isPictureInWork = next.picture != nil
                switch (tensor, front) {
                case (.bytes(let to), .bytes(let from)): clinux_copy(to.baseAddress!, from.baseAddress!, from.count)
                case (.values(let to), .values(let from)):
                    clinux_copy(to.baseAddress!, from.baseAddress!, from.count * MemoryLayout<Float>.stride)
                default: preconditionFailure("the slot is made for this network")
                }
                return .item(next)
            }
            if let taken {
                freed.signal()
                return taken
            }
            var isStopped = false, isFilled = false
            _ = clinux_wait_readable(stop, filled.descriptor, -1, &isStopped, &isFilled)
            if isStopped { return .stopped }
        }
    }

    /// Since the start: pictures that were replaced before the network had time for them.
    var replacedCount: UInt64 { lock.locked { replaced } }
}
