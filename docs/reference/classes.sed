# The headers in C++ as Doxygen is to see them: without the namespace that tells the dialects apart, and what is there for derived classes
# is nobody else's business.
/^inline namespace PIRN_HPP_DIALECT/d
/^} .. namespace PIRN_HPP_DIALECT/d
s/^protected:/private:/
