/// How overlapping boxes of one class are thinned out. Among the candidates of a class, in descending order of score, a
/// box is dropped when its intersection over union with a kept one is above the threshold. Boxes of different classes
/// never suppress each other.
public enum Suppression: Equatable, Sendable {
    /// The best `limit` boxes of each class are kept. Detections come grouped by class, best first within each.
    /// (ml-cvnets 0.1, which evaluates MobileViTv3-XXS.)
    case perClass(limit: Int)
    /// Only the best `candidatesPerClass` boxes of a class take part; the best `limit` of all classes are kept.
    /// Detections come best first. (ml-cvnets 0.2, which evaluates MobileViTv3-0.5.)
    case acrossClasses(candidatesPerClass: Int, limit: Int)
}
