"""What of an image file may be shown to everybody: the picture, its colours, which side is up.

Cameras write into a file where it was taken, with which device, when and by whom; programs add
texts, thumbnails of what was cut away, whole second pictures and films. None of that is served. The
picture itself is not touched: a copy is a list of ranges of the file, with a few bytes between.
One module for each format.
"""
