"""What an image file says about itself, read from its bytes without decoding a pixel.

Pillow reads every part of a file that it knows: text, colour profiles, EXIF directories, later
frames. Each of these has cost memory or minutes (a text chunk that inflates to 200 MB,
EXIF joined segment by segment in quadratic time, a JPEG of a thousand empty scans). So the file
is read here first, within limits, and only the parts that make up the first picture are passed on
as `container.Container.picture`, together with three facts: size, orientation and whether it is
animated. One module for each format; `read` tells them apart.
"""
